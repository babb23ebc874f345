'use server';

import { isCoditectError, parse, toProblem } from '../../lib/contracts/errors.ts';
import { type SessionId, sessionId as sessionIdSchema } from '../../lib/contracts/ids.ts';
import type { Reply } from '../../lib/contracts/protocol/method.ts';
import { newSession } from '../../lib/contracts/records.ts';
import { services } from '../../lib/services.ts';
import { requireCaller } from '../auth/caller.ts';
import { clearLoginCookie } from '../auth/cookie.ts';
import { requestPeer } from '../auth/peer.ts';

/** Makes a session. */
export async function createSession(input: unknown): Promise<Reply<{ sessionId: SessionId }>> {
  const { caller } = await requireCaller();
  return answer(async () => {
    const { sessionId } = await services().sessions.create(caller, parse(newSession, input));
    return { sessionId };
  });
}

/** Ends a session and its terminals. */
export async function endSession(input: unknown): Promise<Reply<null>> {
  const { caller } = await requireCaller();
  return answer(async () => {
    await services().sessions.terminate(caller, parse(sessionIdSchema, input));
    return null;
  });
}

/** Ends this login everywhere. */
export async function signOut(): Promise<void> {
  const { caller } = await requireCaller();
  await services().accounts.logout(caller, await requestPeer());
  await clearLoginCookie();
}

/** What an action throws would reach the page without its words, so ours are answered; others are Next's to log. */
async function answer<T>(work: () => Promise<T>): Promise<Reply<T>> {
  try {
    return { ok: true, result: await work() };
  } catch (error) {
    if (isCoditectError(error)) return { ok: false, problem: toProblem(error) };
    throw error;
  }
}
