import { ManualClock } from '../../../lib/base/clock.ts';
import { type Logger, silentLogger } from '../../../lib/base/logger.ts';
import { newId, type Random, seededRandom } from '../../../lib/base/random.ts';
import type { LoginId, SessionId, TenantId, UserId, WorkspaceId } from '../../../lib/contracts/ids.ts';
import type { Caller } from '../../../lib/contracts/services/accounts.ts';
import { openMemoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { buildServices } from '../build.ts';

export const secretKey = 'a secret for tests alone, of 32 characters';
export const password = 'correct horse battery';

/** The services on a store, with a clock that stands still and repeatable ids. */
export async function openWorld(
  options: { store?: Store; setupCode?: string | null; random?: Random; logger?: Logger } = {},
) {
  const clock = new ManualClock();
  const random = options.random ?? seededRandom(1);
  const store = options.store ?? openMemoryStore({ clock });
  const context = { store, clock, random, logger: options.logger ?? silentLogger };
  const present = new Set<SessionId>();
  const services = await buildServices({
    context,
    secretKey,
    setupCode: options.setupCode ?? null,
    presence: { attached: (sessionId) => present.has(sessionId) },
    place: (workspaceId) => ({ podNamespace: 'local', podName: `workspace-${workspaceId}` }),
  });
  let peers = 0;
  const peer = () => {
    peers += 1;
    return { address: `10.0.${Math.floor(peers / 250)}.${peers % 250}`, userAgent: 'test' };
  };

  return {
    ...services,
    clock,
    context,
    store,
    present,
    peer,
    /** An account, from an address of its own, and the caller it signs in as. */
    async signUp(email = `${newId(random)}@example.com`) {
      const made = await services.accounts.register({ email, password, name: 'Ada' }, peer());
      const caller = await services.accounts.authenticate(made.token);
      const place = { tenantId: made.user.tenantId, workspaceId: made.workspace.workspaceId };
      return { ...made, email, caller, place };
    },
    async close() {
      services.revocations[Symbol.dispose]();
      await store.close();
    },
  };
}
export type World = Awaited<ReturnType<typeof openWorld>>;

/** A caller and place made of nothing but ids, for what needs no account. */
export function strangers(random: Random): { caller: Caller; place: { tenantId: TenantId; workspaceId: WorkspaceId } } {
  const tenantId = newId<TenantId>(random);
  return {
    caller: { tenantId, userId: newId<UserId>(random), loginId: newId<LoginId>(random), operator: false },
    place: { tenantId, workspaceId: newId<WorkspaceId>(random) },
  };
}
