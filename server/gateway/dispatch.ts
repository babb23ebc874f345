import type { Socket } from 'socket.io';
import type { Clock } from '../../lib/base/clock.ts';
import type { Logger } from '../../lib/base/logger.ts';
import { CoditectError, isCoditectError, parse, toProblem } from '../../lib/contracts/errors.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { MethodRow, MethodTable, ParamsOf, RequestRow, ResultOf } from '../../lib/contracts/protocol/method.ts';

export interface Answering {
  /** Runs `work` right after the answer has been handed to the socket, before anything else can be. */
  afterAnswer(work: () => void): void;
}

type Handler<Row> = Row extends RequestRow
  ? (params: ParamsOf<Row>, answering: Answering) => Promise<ResultOf<Row>> | ResultOf<Row>
  : (params: ParamsOf<Row>) => void;

/** One handler for each row of a table; a missing one does not compile. */
export type Handlers<Table extends MethodTable> = { [Name in keyof Table]: Handler<Table[Name]> };

interface Serving<Table extends MethodTable> {
  table: Table;
  handlers: Handlers<Table>;
  /** Called before every handler. @throws CoditectError when the other side may no longer call at all. */
  authorise(): void;
  eventsPerSecondMax: number;
  clock: Clock;
  logger: Logger;
}

/**
 * Serves a table on a socket. Everything that arrives passes here: unknown names, wrong shapes, floods and failures
 * become typed errors, and never an exception. Events without an acknowledgement that fail are dropped.
 */
export function serve<Table extends MethodTable>(socket: Pick<Socket, 'onAny'>, serving: Serving<Table>): void {
  const budget = new EventBudget(serving.clock, serving.eventsPerSecondMax);
  let inFlight = 0;

  socket.onAny((name: unknown, ...values: unknown[]) => {
    const last = values[values.length - 1];
    const acknowledge = typeof last === 'function' ? (last as (reply: unknown) => void) : undefined;
    const fail = (error: unknown) => acknowledge?.({ ok: false, problem: toProblem(error) });
    if (!budget.take()) return fail(new CoditectError('rate_limited', 'Too many messages.', { retryAfterMs: 1_000 }));
    if (inFlight >= limits.socketRequestsInFlightMax)
      return fail(new CoditectError('rate_limited', 'Too many requests at once.', { retryAfterMs: 1_000 }));
    const call = prepare(serving, String(name), values[0]);
    if (call instanceof Error) return fail(call);
    const after: (() => void)[] = [];
    const answer = (result: unknown) => {
      acknowledge?.({ ok: true, result });
      for (const work of after) work();
    };
    const failed = (error: unknown) => {
      if (!isCoditectError(error)) serving.logger.error({ error, method: name }, 'a wire method failed');
      fail(error);
    };
    try {
      const result = call({ afterAnswer: (work) => after.push(work) });
      // What is done at once is not under way: a thousand small frames may come in one breath.
      if (!(result instanceof Promise)) return answer(result);
      inFlight += 1;
      result
        .then(answer)
        .catch(failed)
        .finally(() => {
          inFlight -= 1;
        });
    } catch (error) {
      failed(error);
    }
  });
}

type Call = (answering: Answering) => unknown;

function prepare<Table extends MethodTable>(
  serving: Serving<Table>,
  name: string,
  input: unknown,
): Call | CoditectError {
  if (!Object.hasOwn(serving.table, name))
    return new CoditectError('invalid_request', `There is no method ${name.slice(0, 100)}.`);
  const row: MethodRow | undefined = serving.table[name];
  const handler = serving.handlers[name] as ((params: unknown, answering: Answering) => unknown) | undefined;
  if (!row || !handler) return new CoditectError('invalid_request', `There is no method ${name.slice(0, 100)}.`);
  try {
    serving.authorise();
    const params = parse(row.params, input);
    return (answering) => handler(params, answering);
  } catch (error) {
    if (isCoditectError(error)) return error;
    serving.logger.error({ error, method: name }, 'a wire method failed');
    return new CoditectError('internal', 'Something failed on our side. It has been logged.');
  }
}

/** A token bucket that holds one second's events. */
class EventBudget {
  #clock: Clock;
  #perSecond: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#at = clock.monotonic();
  }

  take(): boolean {
    const now = this.#clock.monotonic();
    this.#left = Math.min(this.#perSecond, this.#left + ((now - this.#at) * this.#perSecond) / 1_000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
