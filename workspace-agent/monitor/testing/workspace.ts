import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ReplayedFile, replay } from '../../../lib/contracts/replay.ts';
import { absolutePath, type RawPath } from '../raw-path.ts';
import { TestGateway } from './gateway.ts';
import { treeOnDisk } from './tree-on-disk.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const waitMs = 30_000;

/** A workspace's folder with a real monitor process and a gateway, for tests. */
export class TestWorkspace {
  readonly base = mkdtempSync(join(tmpdir(), 'monitor-'));
  readonly root = join(this.base, 'workspace');
  readonly state = join(this.base, 'state');
  readonly gateway: TestGateway;
  readonly ignoreRules: string[];
  monitor: ChildProcess | undefined;
  /** What the monitor logged. */
  log = '';
  #marks = 0;

  private constructor(gateway: TestGateway, ignoreRules: string[]) {
    this.gateway = gateway;
    this.ignoreRules = ignoreRules;
    mkdirSync(this.root);
  }

  static async open(ignoreRules: string[] = ['node_modules']): Promise<TestWorkspace> {
    return new TestWorkspace(await TestGateway.open(ignoreRules), ignoreRules);
  }

  /** Starts a monitor; `uid` makes it an unprivileged one. */
  start(options: { uid?: number; environment?: Record<string, string> } = {}): void {
    const config = join(this.base, 'monitor.toml');
    const text = [
      'workspace_id = "abc"',
      `gateway_url = "${this.gateway.url}"`,
      'enrolment = "test"',
      `root = "${this.root}"`,
      `state = "${this.state}"`,
      `ignore_rules = ${JSON.stringify(this.ignoreRules)}`,
    ].join('\n');
    writeFileSync(config, `${text}\n`);
    const child = spawn(process.execPath, [main, 'monitor', '--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...options.environment },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    this.monitor = child;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.monitor;
    this.monitor = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    child.kill(signal);
    const [code] = await once(child, 'exit');
    return code;
  }

  async close(): Promise<void> {
    await this.end('SIGKILL');
    await this.gateway.close();
    rmSync(this.base, { recursive: true, force: true });
  }

  at(path: RawPath): string | Buffer {
    return absolutePath(this.root, path);
  }

  /** Resolves when the monitor says that everything up to now is in the trail; a last change makes it say so. */
  async rested(): Promise<void> {
    this.#marks += 1;
    const after = Date.now();
    // A name of its own each time: one path is not hashed as often as tests ask.
    writeFileSync(join(this.root, `rest-mark-${this.#marks}`), '');
    await until(
      () => this.gateway.lastDrainedAt > after,
      () => `the monitor did not come to rest\n${this.log}`,
    );
  }

  /** The tree as the trail has it. */
  replayed(): Record<string, ReplayedFile> {
    return sorted(replay(this.gateway.entries));
  }

  /** The tree as the disk has it. */
  onDisk(): Record<string, ReplayedFile> {
    return sorted(treeOnDisk(this.root, this.ignoreRules));
  }
}

/** Polls until `condition` holds; throws with `what` after half a minute. */
export async function until(condition: () => boolean, what: () => string): Promise<void> {
  const end = performance.now() + waitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain: ${what()}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
  }
}

function sorted(tree: Map<string, ReplayedFile>): Record<string, ReplayedFile> {
  return Object.fromEntries([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
}
