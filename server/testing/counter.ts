import type { TerminalModel } from '../../lib/client/terminal-model.ts';
import type { Client } from './client.ts';

const command = 'for ((i = 0; ; i++)); do echo "count $i"; sleep 0.02; done\r';

/** A terminal in which a program counts, and what came of it at the other end of the line. */
export class Counter {
  /** What should not have come: a number left out or told twice, a screen drawn anew. */
  readonly faults: string[] = [];
  /** The number that is to come next. */
  next = 0;
  terminal: TerminalModel | undefined;
  #rest = '';

  async open(client: Client): Promise<TerminalModel> {
    this.terminal = await client.openTerminal((bytes, done) => {
      this.#hear(Buffer.from(bytes).toString('latin1'));
      done();
    });
    this.terminal.type(new TextEncoder().encode(command));
    return this.terminal;
  }

  #hear(text: string): void {
    // When its host has died the last screen kept is drawn; what came before that is judged alone.
    if (this.terminal?.record.get().state.kind !== 'running') return;
    if (this.next > 0 && text.includes('\x1bc')) this.faults.push(`the screen was drawn anew after ${this.next}`);
    const lines = (this.#rest + text).split('\r\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const number = /count (\d+)$/.exec(line)?.[1];
      if (number === undefined) continue;
      if (Number(number) !== this.next) this.faults.push(`${number} came in the place of ${this.next}`);
      this.next = Number(number) + 1;
    }
  }
}
