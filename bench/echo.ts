import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { quantile, type Row, ratioRow, table } from './figures.ts';
import { type Line, openLine, type Place } from './lines.ts';
import { pause } from './peers.ts';
import { openBoth } from './stage.ts';

const samplesTotal = 5_000;
const blockSamples = 125;
/** Idle and flooded, ours and the peer's. */
const series = 4;
const alphabet = 'abcdefghijklmnopqrstuvwxyz';
const viewerFile = join(import.meta.dirname, 'viewer.ts');

/** From a key to its echo by a program, over the whole way, with nothing else going on and beside a terminal that floods. */
export async function echo(): Promise<string> {
  const stage = await openBoth();
  const measured = {
    idle: { coditect: [] as number[], wetty: [] as number[] },
    flooded: { coditect: [] as number[], wetty: [] as number[] },
  };
  try {
    const lines = {
      coditect: await EchoLine.open(stage.places.coditect),
      wetty: await EchoLine.open(stage.places.wetty),
    };
    await Promise.all([lines.coditect.warm(), lines.wetty.warm()]);
    for (let done = 0; done < samplesTotal; done += series * blockSamples) {
      for (const peer of ['coditect', 'wetty'] as const) {
        measured.idle[peer].push(...(await lines[peer].measure(blockSamples)));
        const flood = await startFlood(stage.places[peer]);
        measured.flooded[peer].push(...(await lines[peer].measure(blockSamples)));
        await flood.stop();
      }
    }
    await Promise.all([lines.coditect.close(), lines.wetty.close()]);
  } finally {
    await stage.close();
  }
  const rows = (['idle', 'flooded'] as const).flatMap((state) => rowsOf(state, measured[state]));
  return table('Keystroke echo, against wetty', rows);
}

function rowsOf(state: string, of: { coditect: number[]; wetty: number[] }): Row[] {
  const row = (what: string, fraction: number, aim: string) =>
    ratioRow({
      what: `${state}, ${what}`,
      ours: quantile(of.coditect, fraction),
      peer: quantile(of.wetty, fraction),
      unit: 'ms',
      aim,
    });
  return [row('p50', 0.5, '≤ 0.5'), row('p99', 0.99, '≤ 1')];
}

/** A terminal whose program says back what it is told, character by character. */
class EchoLine {
  #line: Line | undefined;
  #awaited = '';
  #heard: () => void = () => {};

  static async open(place: Place): Promise<EchoLine> {
    const echoLine = new EchoLine();
    echoLine.#line = await openLine(place, (output, parsed) => {
      const text = typeof output === 'string' ? output : Buffer.from(output).toString('latin1');
      if (echoLine.#awaited !== '' && text.includes(echoLine.#awaited)) echoLine.#heard();
      parsed();
    });
    echoLine.#line.type('stty raw -echo; echo ready-$((6*7)); exec cat\r');
    await echoLine.#hears('ready-42');
    await pause(200);
    return echoLine;
  }

  async warm(): Promise<void> {
    await this.measure(blockSamples);
  }

  async measure(samples: number): Promise<number[]> {
    const times: number[] = [];
    for (let sample = 0; sample < samples; sample += 1) {
      const key = alphabet[sample % alphabet.length] ?? 'a';
      const heard = this.#hears(key);
      const begin = performance.now();
      this.#line?.type(key);
      await heard;
      times.push(performance.now() - begin);
      await pause(3 + (sample % 7));
    }
    return times;
  }

  async close(): Promise<void> {
    await this.#line?.close();
  }

  #hears(text: string): Promise<void> {
    return new Promise((done) => {
      this.#awaited = text;
      this.#heard = done;
    });
  }
}

async function startFlood(place: Place): Promise<{ stop(): Promise<void> }> {
  const child = fork(viewerFile, [JSON.stringify(place), 'yes'], { stdio: 'ignore' });
  await once(child, 'message');
  await pause(500);
  return {
    async stop() {
      const ended = once(child, 'exit');
      child.send('end');
      await ended;
      await pause(300);
    },
  };
}
