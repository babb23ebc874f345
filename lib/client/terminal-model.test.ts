import headless from '@xterm/headless';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import type { ClientId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import type { Connection } from './connection.ts';
import { TerminalModel } from './terminal-model.ts';
import { silenceQueries } from './terminal-screen.ts';
import { TestGateway, testTerminal } from './testing/gateway.ts';

const { Terminal } = headless;
const wait = { timeout: 10_000, interval: 5 };
const terminal = testTerminal();
const { terminalId } = terminal;
const bytes = (text: string) => new TextEncoder().encode(text);

/** A shell's output as the host has it: attach answers from it, `say` adds to it. */
let output = '';
let gateway: TestGateway;
let connection: Connection;
let model: TerminalModel;
let screen: InstanceType<typeof Terminal>;
let written: string[] = [];

beforeEach(async () => {
  output = '';
  written = [];
  gateway = await TestGateway.open();
  gateway.handlers['terminal.attach'] = ({ offset }) => {
    const from = offset ?? 0;
    return { terminal, restore: { kind: 'output', offset: output.length, bytes: bytes(output.slice(from)) } };
  };
  let last = 0;
  gateway.handlers['terminal.input'] = ({ seq, bytes: typed }) => {
    if (seq === last + 1) {
      written.push(new TextDecoder().decode(typed));
      last = seq;
    }
    return { seq: last };
  };
  connection = gateway.connect();
  const shared = { connection, clock: systemClock, random: systemRandom, clientId: 'kkkk' as ClientId };
  model = new TerminalModel({ ...shared, terminal, openedHere: false });
  connection.on('terminal.data', (frame) => model.data(frame));
  connection.on('terminal.behind', () => model.behind());
  connection.on('terminal.changed', (change) => model.changed(change.terminal));
  screen = new Terminal({ allowProposedApi: true });
  await vi.waitFor(() => expect(connection.live).toBe(true), wait);
});
afterEach(async () => {
  model[Symbol.dispose]();
  screen.dispose();
  await gateway.close();
});

function bind(): Disposable {
  return model.bind({
    write: (data, done) => screen.write(data, done),
    resize: (columns, rows) => screen.resize(columns, rows),
  });
}
const firstLine = () => screen.buffer.active.getLine(0)?.translateToString().trimEnd();
function say(text: string, at = output.length): void {
  gateway.push('terminal.data', { terminalId, offset: at, bytes: bytes(text) });
  output = output.slice(0, at) + text;
}

describe('TerminalModel output', () => {
  it('draws what was there and what follows, each byte once, and gives credit for it', async () => {
    output = 'one ';
    bind();
    await vi.waitFor(() => expect(firstLine()).toBe('one'), wait);
    say('two ');
    gateway.push('terminal.data', { terminalId, offset: 4, bytes: bytes('two three ') });
    output = 'one two three ';
    await vi.waitFor(() => expect(firstLine()).toBe('one two three'), wait);
    await vi.waitFor(() => expect(gateway.heardOf('terminal.credit').at(-1)).toEqual({ terminalId, offset: 14 }), wait);
  });

  it('attaches again from its own offset when output is missing', async () => {
    bind();
    await vi.waitFor(() => expect(gateway.heardOf('terminal.attach')).toHaveLength(1), wait);
    say('seen ');
    await vi.waitFor(() => expect(firstLine()).toBe('seen'), wait);
    output += 'unsent ';
    say('later');
    await vi.waitFor(() => expect(firstLine()).toBe('seen unsent later'), wait);
    expect(gateway.heardOf('terminal.attach').map(({ offset }) => offset)).toEqual([null, 5]);
  });

  it('attaches again when it is told that it is behind, and after a cut', async () => {
    bind();
    say('start ');
    await vi.waitFor(() => expect(firstLine()).toBe('start'), wait);
    output += 'left out ';
    gateway.push('terminal.behind', { terminalId });
    await vi.waitFor(() => expect(firstLine()).toBe('start left out'), wait);
    output += 'meanwhile';
    gateway.cut();
    await vi.waitFor(() => expect(firstLine()).toBe('start left out meanwhile'), wait);
  });

  it('puts a restored screen in the place of all that was drawn, bytes still waiting included', async () => {
    bind();
    say('old text \u001b[31');
    await vi.waitFor(() => expect(firstLine()).toBe('old text'), wait);
    gateway.handlers['terminal.attach'] = () => ({
      terminal: testTerminal({ columns: 40, rows: 10 }),
      restore: { kind: 'screen', offset: 900, columns: 40, rows: 10, bytes: bytes('new screen') },
    });
    gateway.push('terminal.behind', { terminalId });
    await vi.waitFor(() => expect(firstLine()).toBe('new screen'), wait);
    expect([screen.cols, screen.rows]).toEqual([40, 10]);
    gateway.push('terminal.data', { terminalId, offset: 900, bytes: bytes(' goes on') });
    await vi.waitFor(() => expect(firstLine()).toBe('new screen goes on'), wait);
  });

  it('answers no query: the workspace does', async () => {
    const answers: string[] = [];
    screen.onData((text) => answers.push(text));
    const queries =
      '\u001b[c\u001b[>c\u001b[=c\u001b[6n\u001b[?6n\u001b[5n\u001b[?2004$p\u001b[4$p\u001bP$qm\u001b\\\u001b[>q\u001b[x';
    const colours = '\u001b]10;?\u0007\u001b]11;?\u0007\u001b]4;1;?\u0007';
    await new Promise<void>((done) => screen.write(queries, done));
    expect(answers.length, 'what xterm answers when nobody keeps it from it').toBeGreaterThan(3);
    answers.length = 0;
    for (const handler of silenceQueries(screen.parser as never)) expect(handler).toBeDefined();
    await new Promise<void>((done) => screen.write(queries + colours, done));
    expect(answers).toEqual([]);
  });
});

describe('TerminalModel input', () => {
  it('writes each key once and in order, also over a cut', async () => {
    bind();
    for (const key of 'abc') model.type(bytes(key));
    gateway.cut();
    for (const key of 'def') model.type(bytes(key));
    await vi.waitFor(() => expect(written.join('')).toBe('abcdef'), wait);
  });

  it('takes no more than may wait, and cuts a paste into frames', async () => {
    gateway.cut();
    await vi.waitFor(() => expect(connection.live).toBe(false), wait);
    expect(model.type(new Uint8Array(limits.terminalInputUnackedBytesMax).fill(0x78))).toBe(true);
    expect(model.type(bytes('y'))).toBe(false);
    await vi.waitFor(() => expect(written.join('')).toHaveLength(limits.terminalInputUnackedBytesMax), wait);
    expect(written.every((part) => part.length <= limits.terminalInputBytesMax)).toBe(true);
    await vi.waitFor(() => expect(model.type(bytes('z'))).toBe(true), wait);
  });
});

describe('TerminalModel size', () => {
  const resized = () => gateway.heardOf('terminal.resize').map(({ columns, rows }) => [columns, rows]);

  it('is said by a browser only once it is typed in', async () => {
    bind();
    model.fit({ columns: 100, rows: 30 });
    model.type(bytes('x'));
    await vi.waitFor(() => expect(resized()).toEqual([[100, 30]]), wait);
    model.fit({ columns: 90, rows: 30 });
    await vi.waitFor(
      () =>
        expect(resized()).toEqual([
          [100, 30],
          [90, 30],
        ]),
      wait,
    );
  });

  it('is left to another browser that is typed in, until this one is again', async () => {
    bind();
    await vi.waitFor(() => expect(model.screenState.get().kind).toBe('live'), wait);
    model.fit({ columns: 100, rows: 30 });
    model.claimSize();
    gateway.push('terminal.changed', { terminal: testTerminal({ columns: 100, rows: 30 }) });
    gateway.push('terminal.changed', { terminal: testTerminal({ columns: 50, rows: 20 }) });
    await vi.waitFor(() => expect(screen.cols).toBe(50), wait);
    model.fit({ columns: 101, rows: 30 });
    model.type(bytes('x'));
    await vi.waitFor(
      () =>
        expect(resized()).toEqual([
          [100, 30],
          [101, 30],
        ]),
      wait,
    );
  });
});
