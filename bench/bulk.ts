import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import headless from '@xterm/headless';
import { terminalSize } from '../server/testing/client.ts';
import { median, type Row, ratioRow, table } from './figures.ts';
import { openLine, type Place } from './lines.ts';
import { pause } from './peers.ts';
import { openBoth } from './stage.ts';

const bulkBytes = 80_000_000;
const sharedBytes = 20_000_000;
const rounds = 3;
const viewers = 20;
const watchersFile = join(import.meta.dirname, 'watchers.ts');

type Stage = Awaited<ReturnType<typeof openBoth>>;

/** A lot of output to one client that parses it; and to twenty of which one stands still. */
export async function bulk(): Promise<string> {
  const stage = await openBoth();
  const folder = mkdtempSync(join(tmpdir(), 'coditect-bench-'));
  chmodSync(folder, 0o755);
  try {
    // A sandbox has its own /tmp: each finds the text at home, where nothing is recorded.
    const ours = join(stage.server.paths(stage.client.workspaceId).home, 'text');
    const theirs = join(folder, 'text');
    for (const file of [ours, theirs]) await writeText(file, bulkBytes);
    chmodSync(ours, 0o644);
    const speeds = { coditect: [] as number[], wetty: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      speeds.coditect.push(await measureBulk(stage.places.coditect, 'text', '~'));
      speeds.wetty.push(await measureBulk(stage.places.wetty, 'text', folder));
    }
    const speed = ratioRow({
      what: `${bulkBytes / 1e6} MB, parsed and acknowledged`,
      ours: median(speeds.coditect),
      peer: median(speeds.wetty),
      unit: 'MB/s',
      aim: '≥ 2',
    });
    return `${table('Bulk output, against wetty', [speed])}\n${table('One stalled client of twenty, against none', await measureStalled(stage))}`;
  } finally {
    await stage.close();
    rmSync(folder, { recursive: true });
  }
}

/** Lines as programs write them: of many lengths, some in colour. */
async function writeText(file: string, bytes: number): Promise<void> {
  const lines = Array.from({ length: 1_000 }, (_, line) => {
    const words = 'src/components/panel.tsx:42 warning: nothing is wrong here, '
      .repeat(1 + (line % 3))
      .slice(0, 40 + ((line * 37) % 55));
    return line % 4 === 0 ? `\x1b[3${line % 8}m${words}\x1b[0m\n` : `${words}\n`;
  }).join('');
  const stream = createWriteStream(file);
  for (let left = bytes; left > 0; left -= lines.length)
    if (!stream.write(lines.slice(0, left))) await once(stream, 'drain');
  stream.end();
  await once(stream, 'close');
}

/** Megabytes in a second, until all is parsed and was acknowledged. */
async function measureBulk(place: Place, name: string, folder: string): Promise<number> {
  const screen = new headless.Terminal({ cols: terminalSize.columns, rows: terminalSize.rows, allowProposedApi: true });
  let tail = '';
  let heard: (word: string) => void = () => {};
  const line = await openLine(place, (output, parsed) =>
    screen.write(output, () => {
      parsed();
      tail =
        tail.slice(-100) + (typeof output === 'string' ? output : Buffer.from(output).toString('latin1')).slice(-100);
      heard(tail);
    }),
  );
  const hears = (word: string) => new Promise<void>((done) => (heard = (text) => text.includes(word) && done()));
  const ready = hears('ready-42');
  line.type(`cd ${folder}; echo ready-$((6*7))\r`);
  await ready;
  await pause(300);
  const end = hears('end-42');
  const begin = performance.now();
  line.type(`cat ${name}; echo end-$((6*7))\r`);
  await end;
  const seconds = (performance.now() - begin) / 1_000;
  await line.close();
  screen.dispose();
  await pause(500);
  return bulkBytes / 1e6 / seconds;
}

interface Shared {
  seconds: number;
  residentBytes: number;
}

/** Twenty clients in three processes show one terminal. Stalled means stopped: it reads nothing from its socket. */
async function measureStalled(stage: Stage): Promise<Row[]> {
  const results = { none: [] as Shared[], one: [] as Shared[] };
  for (let round = 0; round < rounds; round += 1) {
    results.none.push(await share(stage, false));
    results.one.push(await share(stage, true));
  }
  const seconds = (of: Shared[]) => median(of.map((result) => result.seconds));
  const resident = (of: Shared[]) => median(of.map((result) => result.residentBytes)) / 2 ** 20;
  const slow = ratioRow({
    what: `${sharedBytes / 1e6} MB to the other nineteen`,
    ours: seconds(results.one),
    peer: seconds(results.none),
    unit: 's',
    aim: '≤ 1.2',
  });
  const [ours, peer] = [resident(results.one), resident(results.none)];
  return [
    slow,
    { what: 'growth of the server meanwhile', ours, peer, unit: 'MiB', figure: ours - peer, aim: '≤ 2 (difference)' },
  ];
}

async function share({ server, client }: Stage, stall: boolean): Promise<Shared> {
  const terminal = await client.openTerminal();
  const { terminalId } = terminal;
  const record = terminal.record.get();
  const account = client.account;
  const start = async (count: number): Promise<ChildProcess> => {
    const child = fork(watchersFile, [JSON.stringify({ account, record, count, end: 'end-42' })], {
      stdio: 'inherit',
    });
    await once(child, 'message');
    return child;
  };
  const watchers = [await start(viewers - 1), await start(1)] as const;
  const residentBefore = residentOf(server.process?.pid);
  if (stall) watchers[1].kill('SIGSTOP');
  const done = (stall ? [watchers[0]] : watchers).map((child) => once(child, 'message'));
  const begin = performance.now();
  terminal.type(new TextEncoder().encode(`head -c ${sharedBytes} ~/text; echo end-$((6*7)); sleep 2\r`));
  await Promise.all(done);
  const seconds = (performance.now() - begin) / 1_000;
  const residentBytes = residentOf(server.process?.pid) - residentBefore;
  for (const child of watchers) child.kill('SIGKILL');
  await client.connection.persist('terminal.close', { terminalId });
  terminal[Symbol.dispose]();
  await pause(1_000);
  return { seconds, residentBytes };
}

function residentOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}
