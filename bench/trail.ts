import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, quantile, type Row, ratioRow, table } from './figures.ts';
import { installPeers, parcelWatcher, pause } from './peers.ts';
import { openProduct } from './stage.ts';

const samples = 300;
const burstFiles = 10_000;
const rounds = 3;
const silenceMs = 8_000;
const writerFile = join(import.meta.dirname, 'writer.mjs');

/** From a file written to its row, durable in the trail; the peer need only deliver the event to its own process. */
export async function trail(): Promise<string> {
  installPeers();
  const product = await openProduct();
  const folder = mkdtempSync(join(tmpdir(), 'coditect-bench-'));
  chmodSync(folder, 0o755);
  const places = {
    ours: product.server.paths(product.client.workspaceId).workspace,
    parcel: join(folder, 'parcel'),
    bare: join(folder, 'bare'),
  };
  for (const place of [places.parcel, places.bare]) mkdirSync(place);
  const ours = new Trail(product.client);
  const parcel = await Parcel.open(places.parcel);
  try {
    await pause(1_000);
    const single = await measureSingle(places, { ours, parcel });
    const burst = await measureBurst(places, { ours, parcel });
    return table('The trail, against @parcel/watcher', [...single, ...burst]);
  } finally {
    await parcel.close();
    await product.close();
    rmSync(folder, { recursive: true });
  }
}

type Places = Record<'ours' | 'parcel' | 'bare', string>;
interface Heard {
  ours: Trail;
  parcel: Parcel;
}

async function measureSingle(places: Places, heard: Heard): Promise<Row[]> {
  const times = { ours: [] as number[], parcel: [] as number[] };
  for (let sample = 0; sample < samples; sample += 1) {
    for (const who of ['ours', 'parcel'] as const) {
      const name = `file-${sample}`;
      const told = heard[who].hears(name);
      writeFileSync(join(places[who], name), `content ${sample}`);
      const begin = performance.now();
      await told;
      times[who].push(performance.now() - begin);
      await pause(20 + (sample % 40));
    }
  }
  const row = (what: string, fraction: number, aim: string) =>
    ratioRow({ what, ours: quantile(times.ours, fraction), peer: quantile(times.parcel, fraction), unit: 'ms', aim });
  return [row('one file, p50', 0.5, '≤ 0.5'), row('one file, p99', 0.99, '–')];
}

async function measureBurst(places: Places, heard: Heard): Promise<Row[]> {
  const all = { ours: [] as number[], parcel: [] as number[] };
  const writing = { ours: [] as number[], parcel: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const who of ['ours', 'parcel', 'bare'] as const) {
      const name = `burst-${round}`;
      const told = who === 'bare' ? null : heard[who].hearsAll(name, burstFiles);
      const begin = performance.now();
      writing[who].push(await write(join(places[who], name)));
      if (told && who !== 'bare') all[who].push((await told) - begin);
      await pause(1_500);
    }
  }
  const burst = `${burstFiles} files`;
  return [
    ratioRow({
      what: `${burst}, all told (the peer lost ${heard.parcel.lost} of ${rounds * burstFiles})`,
      ours: median(all.ours),
      peer: median(all.parcel),
      unit: 'ms',
      aim: '≤ 1.5',
    }),
    ratioRow({
      what: `${burst}, the writer, against no watcher`,
      ours: median(writing.ours),
      peer: median(writing.bare),
      unit: 'ms',
      aim: '≤ 1.15',
    }),
    ratioRow({
      what: `${burst}, the writer with @parcel/watcher, against no watcher`,
      ours: median(writing.parcel),
      peer: median(writing.bare),
      unit: 'ms',
      aim: '–',
    }),
  ];
}

/** Writes the files in a process of its own. @returns milliseconds that the writing took. */
async function write(folder: string): Promise<number> {
  const child = spawn(process.execPath, [writerFile, folder, String(burstFiles)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return Number(text);
}

/** What the product says to have stored. */
class Trail {
  #client: Awaited<ReturnType<typeof openProduct>>['client'];
  #listeners = new Set<(paths: string[], upTo: number) => void>();

  constructor(client: Awaited<ReturnType<typeof openProduct>>['client']) {
    this.#client = client;
    client.connection.on('trail.appended', ({ entries }) => {
      const upTo = entries.at(-1)?.seq ?? 0;
      for (const listener of this.#listeners)
        listener(
          entries.map(({ path }) => path),
          upTo,
        );
    });
  }

  hears(name: string): Promise<void> {
    return new Promise((done) => {
      const listener = (paths: string[]) => {
        if (!paths.includes(name)) return;
        this.#listeners.delete(listener);
        done();
      };
      this.#listeners.add(listener);
    });
  }

  /** Resolves with the moment at which the last of the folder's files was stored. */
  async hearsAll(folder: string, count: number): Promise<number> {
    const moments: { at: number; upTo: number }[] = [];
    const listener = (_paths: string[], upTo: number) => void moments.push({ at: performance.now(), upTo });
    this.#listeners.add(listener);
    const before = (await this.#client.trailPage('limit=1')).entries[0]?.seq ?? 0;
    const first = new Map<string, number>();
    // Pushes leave entries out when there are many: the pages tell which sequence each file has, the pushes when it was there.
    for (let after = before; first.size < count; ) {
      const page = await this.#client.trailPage(`order=oldest&limit=1000&after=${after}`);
      for (const { path, seq } of page.entries)
        if (path.startsWith(`${folder}/`) && !first.has(path)) first.set(path, seq);
      after = page.entries.at(-1)?.seq ?? after;
      if (page.entries.length < 1_000) await pause(100);
    }
    this.#listeners.delete(listener);
    const last = Math.max(...first.values());
    return moments.find(({ upTo }) => upTo >= last)?.at ?? Number.NaN;
  }
}

/** What the peer delivers. */
class Parcel {
  #listeners = new Set<(paths: string[]) => void>();
  /** Files of bursts that it never told of. */
  lost = 0;
  close: () => Promise<void> = async () => {};

  static async open(root: string): Promise<Parcel> {
    const parcel = new Parcel();
    const { unsubscribe } = await parcelWatcher().subscribe(root, (_error, events) => {
      const paths = events.map(({ path }) => path.slice(root.length + 1));
      for (const listener of parcel.#listeners) listener(paths);
    });
    parcel.close = unsubscribe;
    return parcel;
  }

  hears(name: string): Promise<void> {
    return this.#until((paths) => paths.includes(name));
  }

  /** Resolves with the moment of the last event; it may lose some in a burst and never say so, hence the patience. */
  async hearsAll(folder: string, count: number): Promise<number> {
    const seen = new Set<string>();
    let lastAt = performance.now();
    const all = this.#until((paths) => {
      for (const path of paths) if (path.startsWith(`${folder}/`)) seen.add(path);
      lastAt = performance.now();
      return seen.size >= count;
    });
    const silence = async () => {
      while (performance.now() - lastAt < silenceMs) await pause(100);
    };
    await Promise.race([all, silence()]);
    this.lost += count - seen.size;
    return lastAt;
  }

  #until(holds: (paths: string[]) => boolean): Promise<void> {
    return new Promise((done) => {
      const listener = (paths: string[]) => {
        if (!holds(paths)) return;
        this.#listeners.delete(listener);
        done();
      };
      this.#listeners.add(listener);
    });
  }
}
