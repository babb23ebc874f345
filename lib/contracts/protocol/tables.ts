import { browserMethods, browserPushes } from './browser.ts';
import type { MethodTable } from './method.ts';
import { hostMethods, hostPushes, monitorMethods, monitorPushes } from './workspace.ts';

/** All wire tables by who sends: what the fuzz test, the protocol document and the checks walk over. */
export const protocolTables = {
  'browser → gateway': browserMethods,
  'gateway → browser': browserPushes,
  'host → gateway': hostPushes,
  'gateway → host': hostMethods,
  'monitor → gateway': monitorPushes,
  'gateway → monitor': monitorMethods,
} as const satisfies Record<string, MethodTable>;
