import { isIP } from 'node:net';
import { z } from 'zod';
import { defaultIgnoreRules } from '../lib/contracts/agent-config.ts';
import { CoditectError } from '../lib/contracts/errors.ts';
import { limits } from '../lib/contracts/limits.ts';
import { monitorSettings } from '../lib/contracts/protocol/workspace.ts';

const port = z.coerce
  .number('must be a whole number')
  .int('must be a whole number')
  .min(0, 'must be 0 to 65535')
  .max(65_535, 'must be 0 to 65535');
const url = z.url({ protocol: /^https?$/, error: 'must be an address such as https://ide.example.com' });
const flag = z.enum(['yes', 'no'], 'must be yes or no').transform((value) => value === 'yes');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const addresses = list.refine((items) => items.every((item) => isIP(item) !== 0), 'must be IP addresses');
const ignoreRules = list.refine(
  (rules) =>
    monitorSettings.safeParse({ ignoreRules: rules }).success &&
    Buffer.byteLength(rules.join()) <= limits.ignoreRulesBytesMax,
  `must be at most ${limits.ignoreRulesMax} rules of at most ${limits.ignoreRuleBytesMax} characters, ${limits.ignoreRulesBytesMax} bytes together`,
);

/** One row: what the variable means, in words for `docs/settings.md`, and how it is read. */
interface Setting<Schema extends z.ZodType> {
  says: string;
  example: string;
  schema: Schema;
}
const setting = <Schema extends z.ZodType>(says: string, example: string, schema: Schema): Setting<Schema> => ({
  says,
  example,
  schema,
});

/** Every setting. `.env.example` and `docs/settings.md` are generated from this table. */
export const settings = {
  HOST: setting(
    'The address the server listens on. Anything but loopback makes it reachable from other machines.',
    '127.0.0.1',
    z.string().min(1).default('127.0.0.1'),
  ),
  PORT: setting('The port for browsers and the API.', '3000', port.default(3000)),
  PUBLIC_URL: setting(
    'The address people open in the browser. Unset, any loopback name at the port of the request is accepted, and nothing else.',
    'https://ide.example.com',
    url.optional(),
  ),
  GATEWAY_PORT: setting('The port workspaces dial in to, on loopback.', '3001', port.default(3001)),
  GATEWAY_URL: setting(
    'Where workspaces find the gateway. Unset, it is made of GATEWAY_PORT on loopback.',
    'http://127.0.0.1:3001',
    url.optional(),
  ),
  DATA_DIR: setting(
    'The folder for the embedded store and local workspaces.',
    './data',
    z.string().min(1).default('./data'),
  ),
  STORE: setting(
    '`lmdb` keeps everything in DATA_DIR. (`foundationdb` comes with part 2.)',
    'lmdb',
    z.enum(['lmdb'], 'must be lmdb').default('lmdb'),
  ),
  PROVISIONER: setting(
    '`local` runs workspaces as sandboxed processes on this machine. (`kubernetes` comes with part 3.)',
    'local',
    z.enum(['local'], 'must be local').default('local'),
  ),
  SECRET_KEY: setting(
    'At least 32 characters that protect the signing keys in the store. Unset, one is made and kept in DATA_DIR/secret-key.',
    'a-long-random-text-of-your-own-making',
    z.string().min(32, 'must have at least 32 characters').optional(),
  ),
  LOCAL_TRUSTED_USERS: setting(
    '`yes` lets the local provisioner serve beyond loopback. Its workspaces share this machine’s network, so say yes only when every user is trusted.',
    'no',
    flag.default(false),
  ),
  LOCAL_ORPHAN_HOURS: setting(
    'How long a local workspace with running work lives on without a server.',
    '12',
    z.coerce.number('must be a number').min(0.01, 'must be 0.01 to 720').max(720, 'must be 0.01 to 720').default(12),
  ),
  TRUSTED_PROXIES: setting(
    'Addresses of reverse proxies whose X-Forwarded-For is believed, separated by commas.',
    '127.0.0.1',
    addresses.default([]),
  ),
  IGNORE_RULES: setting(
    'Names or paths below /workspace that are not recorded, separated by commas. A rule without a slash names any segment.',
    defaultIgnoreRules.join(','),
    ignoreRules.default([...defaultIgnoreRules]),
  ),
  LOG_LEVEL: setting(
    'How much the server logs.',
    'info',
    z.enum(['trace', 'debug', 'info', 'warn', 'error'], 'must be trace, debug, info, warn or error').default('info'),
  ),
} as const satisfies Record<string, Setting<z.ZodType>>;

type SettingName = keyof typeof settings;
export type Config = { [Name in SettingName]: z.output<(typeof settings)[Name]['schema']> };

/**
 * Reads the settings from environment variables; empty counts as unset.
 * @throws CoditectError `invalid_request` with one sentence naming the variable and what it must be.
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const config: Record<string, unknown> = {};
  for (const [name, { schema }] of Object.entries(settings)) {
    const result = schema.safeParse(environment[name] === '' ? undefined : environment[name]);
    if (!result.success) {
      const why = result.error.issues[0]?.message ?? 'is not valid';
      // A secret does not belong in a log, not even a wrong one.
      const found = name === 'SECRET_KEY' ? '' : `; it is "${environment[name]}"`;
      throw new CoditectError('invalid_request', `The setting ${name} ${why}${found}.`, { field: name });
    }
    config[name] = result.data;
  }
  return config as Config;
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name);
}
