import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { WorkspaceId } from '../../lib/contracts/ids.ts';
import type { WorkspaceRole } from '../../lib/contracts/protocol/workspace.ts';
import { type WorkspacePaths, workspacePaths } from '../provision/local/layout.ts';
import type { ProcessEntry } from '../provision/local/processes.ts';
import { newDataFolder, processesOf, sweep } from '../provision/local/testing/local-world.ts';

const root = resolve(import.meta.dirname, '../..');
const node = join(root, 'node_modules/.bin/node');
const program = 'dist/server.mjs';
const run = promisify(execFile);
/** Below the range from which the system takes ports for outgoing connections: nobody takes ours while we restart. */
const [portMin, portMax] = [20_000, 32_000];

/** The product as `npm start` serves it: built, a process of its own, with real workspaces, on a data folder of its own. */
export class RealServer {
  readonly dataFolder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly url: string;
  /** The process last started. */
  process: ChildProcess | undefined;
  /** All that it has said since it was last started. */
  output = '';

  private constructor(dataFolder: string, ports: { browsers: number; workspaces: number }) {
    this.dataFolder = dataFolder;
    this.url = `http://127.0.0.1:${ports.browsers}`;
    this.#environment = {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(ports.browsers),
      GATEWAY_PORT: String(ports.workspaces),
      DATA_DIR: dataFolder,
      LOG_LEVEL: 'warn',
    };
  }

  static async open(): Promise<RealServer> {
    if (!existsSync(join(root, program))) throw new Error('Nothing is built: `node scripts/build.ts` comes first.');
    const ports = { browsers: await freePort(), workspaces: await freePort() };
    const server = new RealServer(await newDataFolder(), ports);
    await server.start();
    return server;
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Resolves when it says that it is ready, or has ended; the latter is no error, for it may have been killed. */
  async start(): Promise<void> {
    const child = spawn(node, ['--max-semi-space-size=4', '--disable-warning=ExperimentalWarning', program], {
      cwd: root,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    this.output = '';
    await new Promise<void>((done) => {
      const hear = (bytes: Buffer) => {
        this.output += bytes.toString();
        if (this.output.includes('Coditect is ready')) done();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', () => done());
    });
  }

  /** Nobody reads what it says any more, as when its terminal was closed. */
  stopListening(): void {
    this.process?.stdout?.destroy();
    this.process?.stderr?.destroy();
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || !this.running) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** `npm run admin -- …` beside it. @returns what it printed. */
  async admin(...words: string[]): Promise<string> {
    const command = ['--disable-warning=ExperimentalWarning', 'server/admin.ts', ...words];
    const { stdout } = await run(node, command, { cwd: root, env: this.#environment });
    return stdout;
  }

  paths(workspaceId: WorkspaceId): WorkspacePaths {
    return workspacePaths(this.dataFolder, workspaceId);
  }

  /** Every process of its workspaces. */
  processes(): Promise<ProcessEntry[]> {
    return processesOf(this.dataFolder);
  }

  /** The agent itself, not what is around it. */
  async agent(role: WorkspaceRole): Promise<ProcessEntry | undefined> {
    const isAgent = ({ arguments: [program = '', ...words] }: ProcessEntry) =>
      program.endsWith('/node') && words[words.findIndex((word) => word.endsWith('/agent.mjs')) + 1] === role;
    return (await this.processes()).find(isAgent);
  }

  /** Ends all. @throws when a process is left over. */
  async close(): Promise<void> {
    await this.admin('stop');
    await sweep(this.dataFolder);
  }
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    const probe = createServer();
    const free = await new Promise<boolean>((done) => {
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (free) return port;
  }
}
