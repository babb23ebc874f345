import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { errorTable, isCoditectError } from '../contracts/errors.ts';
import type { ClientId, TerminalId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import type { Connection } from './connection.ts';

interface Chunk {
  seq: number;
  bytes: Uint8Array;
}

const resend = { baseMs: 100, maxMs: 2_000 };

/**
 * Keystrokes on their way to a terminal. Each is kept until the host has written it and is sent again after a
 * reconnect; the host writes it once, by (client, seq).
 */
export class TerminalInput implements Disposable {
  readonly #options: {
    connection: Connection;
    clock: Clock;
    random: Random;
    terminalId: TerminalId;
    clientId: ClientId;
  };
  #unacked: Chunk[] = [];
  #unackedBytes = 0;
  /** The last sequence handed to the socket of the present connection. */
  #sent = 0;
  #seq = 0;
  #failures = 0;
  #retry: Disposable | undefined;
  /** Answers to what was sent before a resend say nothing any more. */
  #generation = 0;

  constructor(options: {
    connection: Connection;
    clock: Clock;
    random: Random;
    terminalId: TerminalId;
    clientId: ClientId;
  }) {
    this.#options = options;
  }

  /** Bytes typed and not yet known to be written. */
  get pendingBytes(): number {
    return this.#unackedBytes;
  }

  /** Takes keystrokes; false, and nothing taken, when they are more than may wait. */
  push(bytes: Uint8Array): boolean {
    if (this.#unackedBytes + bytes.byteLength > limits.terminalInputUnackedBytesMax) return false;
    for (let at = 0; at < bytes.byteLength; at += limits.terminalInputBytesMax) {
      this.#seq += 1;
      this.#unacked.push({ seq: this.#seq, bytes: bytes.slice(at, at + limits.terminalInputBytesMax) });
    }
    this.#unackedBytes += bytes.byteLength;
    this.#flush();
    return true;
  }

  /** Sends everything unanswered again, in order: after a reconnect. */
  resend(): void {
    this.#generation += 1;
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    this.#sent = (this.#unacked[0]?.seq ?? this.#seq + 1) - 1;
    this.#flush();
  }

  [Symbol.dispose](): void {
    this.#generation += 1;
    this.#retry?.[Symbol.dispose]();
    this.#unacked = [];
  }

  #flush(): void {
    if (this.#retry || !this.#options.connection.live) return;
    for (const chunk of this.#unacked) {
      if (chunk.seq <= this.#sent) continue;
      this.#sent = chunk.seq;
      void this.#send(chunk, this.#generation);
    }
  }

  async #send({ seq, bytes }: Chunk, generation: number): Promise<void> {
    const { connection, terminalId, clientId } = this.#options;
    try {
      const answer = await connection.request('terminal.input', { terminalId, clientId, seq, bytes });
      if (generation !== this.#generation) return;
      this.#failures = 0;
      this.#acknowledge(answer.seq);
      // Written up to less than this one: an earlier one was refused, and what followed it must wait its turn.
      if (answer.seq < seq) this.#resendLater();
    } catch (error) {
      if (generation !== this.#generation || !connection.live) return;
      const passing = isCoditectError(error) && errorTable[error.code].retryable;
      if (passing) this.#resendLater();
      // Refused for good (the terminal has ended): it will never be written.
      else this.#acknowledge(seq);
    }
  }

  #acknowledge(seq: number): void {
    this.#unacked = this.#unacked.filter((chunk) => chunk.seq > seq);
    this.#unackedBytes = this.#unacked.reduce((sum, chunk) => sum + chunk.bytes.byteLength, 0);
  }

  #resendLater(): void {
    if (this.#retry) return;
    this.#generation += 1;
    const waitMs = backoffMs(resend, this.#failures, this.#options.random);
    this.#failures += 1;
    this.#retry = this.#options.clock.after(waitMs, () => this.resend());
  }
}
