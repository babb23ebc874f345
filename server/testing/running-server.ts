import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** Runs one of our programs to its end. */
export async function run(program: string[], environment: Record<string, string>) {
  const child = start(program, environment);
  const code = await child.ended;
  return { code, output: child.output() };
}

function start(program: string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...program], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise<number | null>((done) => child.on('exit', (code) => done(code)));
  return { child: child as ChildProcess, ended, output: () => output };
}

/** The real server, as a process of its own on free ports of loopback, with a data folder of its own. */
export class RunningServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'coditect-api-'));
  #environment: Record<string, string> = {};
  #running: ReturnType<typeof start> | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.#environment.PORT}`;
  }

  get output(): string {
    return this.#running?.output() ?? '';
  }

  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  /** Starts it and waits until it says that it is ready. The ports are the same each time. */
  async start(environment: Record<string, string> = {}): Promise<void> {
    const ports = this.#environment.PORT ? {} : { PORT: await freePort(), GATEWAY_PORT: await freePort() };
    this.#environment = { ...this.#environment, ...ports, DATA_DIR: join(this.folder, 'data'), ...environment };
    const running = start(['server/main.ts'], this.#environment);
    this.#running = running;
    await new Promise<void>((ready, failed) => {
      running.child.stdout?.on('data', () => running.output().includes('Coditect is ready') && ready());
      void running.ended.then((code) => failed(new Error(`the server ended with ${code}: ${running.output()}`)));
    });
  }

  /** Ends it as Ctrl-C does; answers with what it said. */
  async interrupt(signal: NodeJS.Signals = 'SIGINT'): Promise<{ code: number | null; output: string }> {
    this.#running?.child.kill(signal);
    return { code: (await this.#running?.ended) ?? null, output: this.output };
  }

  admin(...words: string[]): Promise<{ code: number | null; output: string }> {
    return run(['server/admin.ts', ...words], this.#environment);
  }

  /** Ends everything it started. */
  async end(): Promise<void> {
    await this.admin('stop');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<string> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(String(typeof address === 'object' ? address?.port : 0)));
    });
  });
}
