import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import headless from '@xterm/headless';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { newId, systemRandom } from '../../lib/base/random.ts';
import { agentConfig } from '../../lib/contracts/agent-config.ts';
import type { ClientId, SessionId, TerminalId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { TerminalRestore } from '../../lib/contracts/protocol/terminals.ts';
import type { hostMethods } from '../../lib/contracts/protocol/workspace.ts';
import type { Terminal } from '../../lib/contracts/records.ts';
import type { RunningAgent } from '../agent.ts';
import { PlayedGateway } from '../testing/played-gateway.ts';
import { isAlive } from '../testing/processes.ts';
import { runHost } from './host.ts';

const sessionId = newId<SessionId>(systemRandom);
let area: string;
let gateway: PlayedGateway;
let host: RunningAgent;

beforeEach(async () => {
  area = mkdtempSync(join(tmpdir(), 'coditect-host-'));
  gateway = new PlayedGateway();
  await gateway.start();
  host = await startHost();
  await vi.waitFor(() => expect(gateway.of('host.hello').length).toBe(1), 5_000);
});

afterEach(async () => {
  await host.stop();
  await gateway.stop();
  rmSync(area, { recursive: true, force: true });
});

function startHost(
  options: { orphan_idle_ms?: number; orphan_ms?: number; clock?: Clock } = {},
): Promise<RunningAgent> {
  const { clock = systemClock, ...orphan } = options;
  const config = agentConfig.parse({
    workspace_id: 'w',
    gateway_url: gateway.url,
    enrolment: 'enrolment',
    root: area,
    home: area,
    ...orphan,
  });
  return runHost({ config, version: '1.2.3', clock, random: systemRandom, logger: pino({ level: 'silent' }) });
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came.
async function call(name: keyof typeof hostMethods & string, params: object): Promise<any> {
  const reply = await gateway.call(name, params);
  if (!reply.ok) throw Object.assign(new Error(reply.problem.detail), { problem: reply.problem });
  return reply.result;
}

/** What a browser does with a terminal: attaches, shows, gives credit, types. */
class Viewer {
  readonly terminalId = newId<TerminalId>(systemRandom);
  readonly clientId = newId<ClientId>(systemRandom);
  readonly screen = new headless.Terminal({ cols: 80, rows: 24, scrollback: 5_000, allowProposedApi: true });
  output = '';
  offset = 0;
  holes = 0;
  credits = true;
  #seen = 0;
  #seq = 0;

  async open(): Promise<this> {
    await call('terminal.open', { terminalId: this.terminalId, sessionId, columns: 80, rows: 24 });
    await this.attach(null);
    return this;
  }

  async attach(offset: number | null): Promise<TerminalRestore> {
    this.#seen = gateway.of('terminal.data').length;
    const { restore } = (await call('terminal.attach', { terminalId: this.terminalId, offset })) as {
      restore: TerminalRestore;
    };
    if (restore.kind === 'screen') this.screen.reset();
    this.screen.write(restore.bytes);
    this.output += Buffer.from(restore.bytes);
    this.offset = restore.offset;
    return restore;
  }

  /** Takes what has arrived since, as the browser would. */
  take(): string {
    const frames = gateway.of('terminal.data');
    for (const { terminalId, offset, bytes } of frames.slice(this.#seen)) {
      // What was sent before the answer is in the answer.
      if (terminalId !== this.terminalId || offset + bytes.length <= this.offset) continue;
      if (offset !== this.offset) this.holes += 1;
      this.offset = offset + bytes.length;
      this.output += bytes;
      this.screen.write(bytes);
      if (this.credits) gateway.emit('terminal.credit', { terminalId, offset: this.offset, live: 1 });
    }
    this.#seen = frames.length;
    return this.output;
  }

  async type(text: string): Promise<void> {
    this.#seq += 1;
    await call('terminal.input', {
      terminalId: this.terminalId,
      clientId: this.clientId,
      seq: this.#seq,
      bytes: Buffer.from(text),
    });
  }

  expect(text: string | RegExp): Promise<void> {
    // The output itself would be a message of megabytes.
    const shown = () => (typeof text === 'string' ? this.take().includes(text) : text.test(this.take()));
    return vi.waitFor(() => expect(shown(), `${text} in …${this.output.slice(-300)}`).toBe(true), {
      timeout: 15_000,
      interval: 10,
    });
  }

  record(): Terminal {
    return gateway.of('terminal.changed').findLast(({ terminal }) => terminal.terminalId === this.terminalId)?.terminal;
  }
}

describe('a terminal', () => {
  it('runs a shell in the workspace with the user’s own environment', async () => {
    const viewer = await new Viewer().open();
    await viewer.type('echo "$PWD|$HOME|$TERM|$LANG|$NPM_CONFIG_PREFIX|$(echo $PATH | cut -d: -f1)|"$SECRET"none"\r');
    await viewer.expect(`${area}|${area}|xterm-256color|C.UTF-8|${area}/.local|${area}/.local/bin|none`);
    await viewer.type('exit 3\r');
    await vi.waitFor(() => expect(viewer.record()?.state).toMatchObject({ kind: 'exited', exitCode: 3 }));
    expect(readFileSync(join(area, '.bash_history'), 'utf8')).toContain('echo "$PWD');
  });

  it('sends all output before it says that it has ended', async () => {
    const viewer = await new Viewer().open();
    await viewer.type('exec seq 1 5000\r');
    await vi.waitFor(() => expect(viewer.record()?.state.kind).toBe('exited'), 5_000);
    const names = gateway.arrivals.map(({ name }) => name);
    expect(names.lastIndexOf('terminal.data')).toBeLessThan(names.lastIndexOf('terminal.changed'));
    expect(viewer.take().trimEnd()).toMatch(/4999\r\n5000$/);
    expect(viewer.holes).toBe(0);
    await vi.waitFor(() => expect(gateway.of('terminal.snapshot').at(-1)?.terminal.state.kind).toBe('exited'));
    expect((await viewer.attach(null)).bytes.toString()).toContain('5000');
  });

  it('opens once for one id, belongs to its session, and there are not too many', async () => {
    const viewer = await new Viewer().open();
    const again = { terminalId: viewer.terminalId, sessionId, columns: 100, rows: 30 };
    expect((await call('terminal.open', again)).terminal).toMatchObject({ columns: 80, rows: 24 });
    const stranger = { ...again, sessionId: newId(systemRandom) };
    await expect(call('terminal.open', stranger)).rejects.toMatchObject({ problem: { code: 'conflict' } });
    const open = () => call('terminal.open', { ...again, terminalId: newId(systemRandom) });
    for (let count = 1; count < limits.terminalsMax; count += 1) await open();
    await expect(open()).rejects.toMatchObject({ problem: { code: 'conflict' } });
    expect((await call('terminal.list', {})).terminals.length).toBe(limits.terminalsMax);
  }, 20_000);

  it('writes each piece of input once and in order', async () => {
    const viewer = await new Viewer().open();
    await viewer.type('cat\r');
    await viewer.expect('cat\r\n');
    const send = (seq: number, text: string) =>
      call('terminal.input', {
        terminalId: viewer.terminalId,
        clientId: viewer.clientId,
        seq,
        bytes: Buffer.from(text),
      });
    expect(await send(2, 'a')).toEqual({ seq: 2 });
    expect(await send(2, 'a')).toEqual({ seq: 2 });
    expect(await send(4, 'c')).toEqual({ seq: 2 });
    expect(await send(3, 'b')).toEqual({ seq: 3 });
    expect(await send(4, 'c\r')).toEqual({ seq: 4 });
    // However early the shell was: only what the program was given comes behind this sequence of the shell's.
    await viewer.expect(/2004l\r(abc\r\n)?abc\r\n$/);
  });

  it('refuses input beyond its limit while nobody reads it, and goes on from there', async () => {
    const viewer = await new Viewer().open();
    const piece = 'x'.repeat(limits.terminalInputBytesMax);
    const pieces = 10;
    await viewer.type(`stty raw -echo; echo rea"dy"; sleep 1; head -c ${pieces * piece.length} | wc -c\r`);
    await viewer.expect(/^ready/m);
    let refused = 0;
    for (let seq = 2; seq < 2 + pieces; ) {
      const params = { terminalId: viewer.terminalId, clientId: viewer.clientId, seq, bytes: Buffer.from(piece) };
      const fault = await call('terminal.input', params).then(
        () => undefined,
        (error) => error,
      );
      if (!fault) seq += 1;
      else expect(fault.problem.code).toBe('rate_limited');
      if (fault) refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
    await viewer.expect(String(pieces * piece.length));
  }, 20_000);

  it('resizes, tells its title, and is closed with all that runs in it', async () => {
    const viewer = await new Viewer().open();
    gateway.emit('terminal.resize', { terminalId: viewer.terminalId, columns: 101, rows: 33 });
    await vi.waitFor(() => expect(viewer.record()).toMatchObject({ columns: 101, rows: 33 }));
    await viewer.type(`stty size; printf '\\e]0;a title\\a'; sleep 60 & nohup sleep 61 & echo "pids $! $$"\r`);
    await viewer.expect('33 101');
    await viewer.expect(/pids \d+ \d+/);
    await vi.waitFor(() => expect(viewer.record()?.title).toBe('a title'));
    const pids = /pids (\d+) (\d+)/.exec(viewer.output)?.slice(1).map(Number) ?? [];
    expect(pids.map(isAlive)).toEqual([true, true]);
    await call('terminal.close', { terminalId: viewer.terminalId });
    for (const pid of pids) await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 5_000);
    expect((await call('terminal.list', {})).terminals).toEqual([]);
    await expect(viewer.attach(null)).rejects.toMatchObject({ problem: { code: 'not_found' } });
  });

  it('answers queries itself', async () => {
    const viewer = await new Viewer().open();
    await viewer.type(`printf '\\e[6n'; IFS= read -rsd R answer; echo "got \${answer#?}"\r`);
    await viewer.expect(/got \[\d+;\d+/);
  });
});

describe('flow of output', () => {
  it('stands still a window ahead of a stalled browser, and goes on with its credit, without a hole', async () => {
    const viewer = await new Viewer().open();
    viewer.credits = false;
    await viewer.type('seq 1 1000000 | cat; echo "the "end\r');
    const sent = () => gateway.of('terminal.data').reduce((sum, { bytes }) => sum + bytes.length, 0);
    await vi.waitFor(() => expect(sent()).toBeGreaterThan(limits.terminalWindowBytes), 10_000);
    const before = sent();
    await new Promise((resolve) => systemClock.after(500, () => resolve(undefined)));
    expect(sent()).toBe(before);
    expect(before).toBeLessThan(limits.terminalWindowBytes + 4 * limits.terminalFrameBytesMax);
    viewer.credits = true;
    await viewer.expect('the end');
    expect(viewer.holes).toBe(0);
    expect(viewer.output).toContain('\n999999\r\n1000000\r\n');
    for (const { bytes } of gateway.of('terminal.data'))
      expect(bytes.length).toBeLessThanOrEqual(limits.terminalFrameBytesMax);
  }, 30_000);

  it('does not let a browser that never gives credit hold a build, and that one sees the hole', async () => {
    const viewer = await new Viewer().open();
    viewer.credits = false;
    await viewer.type(`seq 1 400000; echo done > ${area}/done\r`);
    const end = () => readFileSync(join(area, 'done'), 'utf8');
    await vi.waitFor(() => expect(end()).toBe('done\n'), limits.terminalStaleMs + 10_000);
    viewer.take();
    viewer.credits = true;
    gateway.emit('terminal.credit', { terminalId: viewer.terminalId, offset: viewer.offset, live: 1 });
    await viewer.type('echo again\r');
    await viewer.expect('again');
    expect(viewer.holes).toBeGreaterThan(0);
    const restore = await viewer.attach(null);
    expect(restore.bytes.toString()).toContain('again');
  }, 30_000);

  it('runs on without a gateway, and a browser resumes by offset or gets the screen', async () => {
    const viewer = await new Viewer().open();
    await viewer.type(`while [ ! -e ${area}/go ]; do sleep 0.05; done; echo "mis"sed; echo x > ${area}/done\r`);
    await viewer.expect(/done\r\n/);
    await gateway.stop();
    writeFileSync(join(area, 'go'), '');
    await vi.waitFor(() => expect(readFileSync(join(area, 'done'), 'utf8')).toBe('x\n'), 5_000);
    await gateway.start();
    await vi.waitFor(() => expect(gateway.of('host.hello').at(-1)?.terminals).toHaveLength(1), 15_000);
    const restore = await viewer.attach(viewer.offset);
    expect(restore.kind).toBe('output');
    expect(restore.bytes.toString()).toContain('missed\r\n');
    await viewer.type('seq 1 200000 | tail -n 100000; echo "far "away\r');
    await viewer.expect('far away');
    const early = await viewer.attach(1);
    expect(early).toMatchObject({ kind: 'screen', columns: 80, rows: 24 });
    expect(early.bytes.length).toBeLessThanOrEqual(limits.terminalSnapshotBytesMax);
  }, 40_000);

  it('attaches in the middle of a flood without a missing or doubled byte', async () => {
    const viewer = await new Viewer().open();
    await viewer.type('seq 1 300000; echo "flood "over\r');
    const late = new Viewer();
    Object.assign(late, { terminalId: viewer.terminalId, credits: false });
    await viewer.expect('\n5000\r\n');
    for (let count = 0; count < 5; count += 1) {
      await late.attach(viewer.take() ? viewer.offset : 0);
      await viewer.expect(new RegExp(`\n${20_000 * (count + 2)}\r`));
      late.take();
      expect(late.holes).toBe(0);
    }
    await viewer.expect('flood over');
    expect(viewer.holes).toBe(0);
  }, 40_000);

  it('stores the screen once output rests', async () => {
    const viewer = await new Viewer().open();
    await viewer.type('echo "to be"-stored\r');
    await viewer.expect('to be-stored');
    await vi.waitFor(
      () => expect(gateway.of('terminal.snapshot').length).toBe(1),
      limits.terminalSnapshotRestMs + 3_000,
    );
    expect(gateway.of('terminal.snapshot')[0].bytes.toString()).toContain('to be-stored');
  });
});

describe('the host', () => {
  it('serves files on the same connection and refuses what is not of the right form', async () => {
    writeFileSync(join(area, 'a'), 'content');
    expect(Buffer.from((await call('file.read', { path: 'a' })).bytes).toString()).toBe('content');
    await expect(call('file.read', { path: '../a' })).rejects.toMatchObject({
      problem: { code: 'invalid_request', field: 'path' },
    });
    await expect(call('file.nothing' as 'file.read', {})).rejects.toMatchObject({
      problem: { code: 'invalid_request' },
    });
  });

  it('ends by itself when it is left alone and idle, later when it is not', async () => {
    await host.stop();
    const arrivals = gateway.of('host.hello').length;
    const idle = await startHost({ orphan_idle_ms: 300, orphan_ms: 60_000 });
    host = await startHost({ orphan_idle_ms: 300, orphan_ms: 1_500 });
    await vi.waitFor(() => expect(gateway.of('host.hello').length).toBe(arrivals + 2), 5_000);
    await call('terminal.open', { terminalId: newId(systemRandom), sessionId, columns: 80, rows: 24 });
    await gateway.stop();
    await Promise.all([idle.ended, host.ended]);
    await gateway.start();
  }, 20_000);
});

it('stops on SIGTERM as a process of its own', async () => {
  const file = join(area, 'host.toml');
  writeFileSync(file, `workspace_id = "w"\ngateway_url = "${gateway.url}"\nenrolment = "e"\nroot = "${area}"\n`);
  const child = spawn(process.execPath, ['workspace-agent/main.ts', 'host', '--config', file], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await vi.waitFor(() => expect(gateway.of('host.hello').length).toBe(2), 10_000);
  child.kill('SIGTERM');
  expect(await exited).toEqual({ code: 0, signal: null });
}, 20_000);
