import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const node = join(root, 'node_modules/.bin/node');
const startMsMax = 30_000;

/** The product as it is served, with a data folder and a port of its own. */
export class TestServer {
  readonly port: number;
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  /** All that it has said since it was last started. */
  output = '';

  private constructor({ port, gatewayPort, folder }: { port: number; gatewayPort: number; folder: string }) {
    this.port = port;
    this.#environment = {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      // The same after a restart: workspaces that lived on dial it again.
      GATEWAY_PORT: String(gatewayPort),
      DATA_DIR: folder,
      LOG_LEVEL: 'warn',
    };
  }

  static async open(): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'coditect-e2e-'));
    const server = new TestServer({ port: await freePort(), gatewayPort: await freePort(), folder });
    await server.start();
    return server;
  }

  get folder(): string {
    return this.#environment.DATA_DIR ?? '';
  }

  address(host = '127.0.0.1'): string {
    return `http://${host}:${this.port}`;
  }

  async start(): Promise<void> {
    this.output = '';
    const child = spawn(node, ['--max-semi-space-size=4', '--disable-warning=ExperimentalWarning', 'dist/server.mjs'], {
      cwd: root,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    await new Promise<void>((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`The server did not start:\n${this.output}`)), startMsMax);
      const hear = (bytes: Buffer) => {
        this.output += bytes.toString();
        if (!this.output.includes('Coditect is ready')) return;
        clearTimeout(timer);
        done();
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      child.once('exit', () => failed(new Error(`The server ended:\n${this.output}`)));
    });
  }

  /** Ctrl-C: the server goes, workspaces live on. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGINT');
    await ended;
  }

  /** Ends everything and leaves nothing behind. */
  async close(): Promise<void> {
    await this.stop();
    const { status, stdout, stderr } = spawnSync(
      node,
      ['--disable-warning=ExperimentalWarning', 'server/admin.ts', 'stop'],
      {
        cwd: root,
        env: this.#environment,
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`The workspaces could not be ended:\n${stdout}${stderr}`);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? done(address.port) : failed(new Error('no port'))));
    });
  });
}
