import type { Clock } from '../../../lib/base/clock.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import type { OpId } from '../../../lib/contracts/ids.ts';
import { decodePath, type WirePath } from '../../../lib/contracts/path.ts';
import type { fileMethods } from '../../../lib/contracts/protocol/files.ts';
import type { Handlers } from '../../connection.ts';
import { createFolder, move, remove } from './changing.ts';
import { fileError } from './file-errors.ts';
import { listFolder, readRange, statEntry } from './reading.ts';
import { Remembered } from './remembered.ts';
import { Staging } from './staging.ts';
import { WorkspaceTree } from './tree.ts';
import { Uploads } from './uploads.ts';

export interface FilesOptions {
  root: string;
  clock: Clock;
  /** Something went wrong that nobody waits for. */
  onFault(error: unknown, what: string): void;
}

/** The files of a workspace: the wire's file methods on the tree below `root`. */
export class Files {
  readonly #tree: WorkspaceTree;
  readonly #staging: Staging;
  readonly #uploads: Uploads;
  readonly #options: FilesOptions;
  readonly #changes = new Remembered<{ writtenAt: number }>();

  readonly handlers: Handlers<typeof fileMethods> = {
    'file.list': (params) => translated(() => listFolder(this.#tree, params)),
    'file.stat': (params) => translated(() => statEntry(this.#tree, params)),
    'file.read': (params) => translated(() => readRange(this.#tree, params)),
    'file.write': (params) => translated(() => this.#uploads.write(params)),
    'file.create_folder': (params) => this.#change(params.opId, () => createFolder(this.#changing, params)),
    'file.move': (params) => this.#change(params.opId, () => move(this.#changing, params)),
    'file.delete': (params) => this.#change(params.opId, () => remove(this.#changing, params)),
  };

  /** @throws ErrnoException when `root` is no folder. */
  constructor(options: FilesOptions) {
    this.#options = options;
    this.#tree = new WorkspaceTree(options.root);
    this.#staging = new Staging({ ...options, tree: this.#tree });
    this.#uploads = new Uploads({ tree: this.#tree, staging: this.#staging, clock: options.clock });
  }

  /** Settles what a host that died has left behind. Before anything else is asked. */
  async recover(): Promise<void> {
    await this.#staging.recover();
  }

  /**
   * A path by which a process enters a folder of the workspace, until it is disposed; the root when it is no folder.
   * It names a descriptor, so a name that is no text serves as well.
   */
  enter(folder: WirePath): { path: string } & Disposable {
    try {
      const place = this.#tree.locate(decodePath(folder), { follow: true });
      if (place.found?.stats.isDirectory())
        return { path: place.found.path.toString(), [Symbol.dispose]: () => place[Symbol.dispose]() };
      place[Symbol.dispose]();
    } catch (error) {
      if (!(fileError(error) instanceof CoditectError)) throw error;
    }
    const root = this.#tree.locate(new Uint8Array(), { follow: true });
    return { path: root.path.toString(), [Symbol.dispose]: () => root[Symbol.dispose]() };
  }

  async close(): Promise<void> {
    await this.#uploads.close();
    await this.#staging.close();
    this.#tree[Symbol.dispose]();
  }

  get #changing() {
    const { clock, onFault } = this.#options;
    return { tree: this.#tree, staging: this.#staging, clock, onFault };
  }

  #change(op: OpId, change: () => Promise<void>): Promise<{ writtenAt: number }> {
    const result = this.#changes.once(op, async () => {
      await change();
      return { writtenAt: this.#options.clock.now() };
    });
    return translated(() => result);
  }
}

async function translated<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw fileError(error);
  }
}
