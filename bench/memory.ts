import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loginCookieName } from '../lib/contracts/cookies.ts';
import { type Row, table } from './figures.ts';
import { pause } from './peers.ts';
import { openProduct } from './stage.ts';

const restMs = 60_000;
const terminals = 3;
const [folders, filesEach] = [200, 100];

/** What the processes keep, a minute after the work of journey 3: pages, files, a program, an archive's worth of files, three full terminals. */
export async function memory(): Promise<string> {
  const { server, client, close } = await openProduct();
  try {
    const { url, token, sessionId } = client.account;
    const headers = { cookie: `${loginCookieName(false)}=${token}` };
    for (const page of ['/', '/login', '/register', `/ide/${sessionId}`])
      await (await fetch(url + page, { headers })).text();
    for (let turn = 0; turn < 20; turn += 1) {
      await client.put('hello.py', `print(${turn})\n`);
      await (await client.api('/files?path=')).json();
    }
    const home = server.paths(client.workspaceId).home;
    const makeFiles = `for d in {1..${folders}}; do mkdir d$d; for f in {1..${filesEach}}; do echo $d $f > d$d/$f; done; done`;
    const work = ['git init -q .', 'python3 hello.py', 'echo hi > x; mv x y; rm y', makeFiles].join('; ');
    for (let number = 0; number < terminals; number += 1) {
      const terminal = await client.openTerminal();
      const command = number === 0 ? `${work}; seq 1 6000` : 'seq 1 6000';
      terminal.type(new TextEncoder().encode(`${command}; touch ~/done-${number}\r`));
    }
    for (let number = 0; number < terminals; number += 1)
      while (!existsSync(join(home, `done-${number}`))) await pause(100);
    await pause(restMs);
    const [host, monitor] = [await server.agent('host'), await server.agent('monitor')];
    return table(`Resident memory ${restMs / 1_000} s after the work`, [
      row('server', server.process?.pid, '≤ 200'),
      row(`host with ${terminals} terminals of 5,000 lines`, host?.pid, '≤ 90'),
      row(`monitor of ${folders * filesEach} files`, monitor?.pid, '≤ 90'),
    ]);
  } finally {
    await close();
  }
}

function row(what: string, pid: number | undefined, aim: string): Row {
  const kibibytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const megabytes = (kibibytes * 1_024) / 1e6;
  return { what, ours: megabytes, peer: null, unit: 'MB', figure: megabytes, aim };
}
