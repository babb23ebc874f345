import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { Random } from '../../../lib/base/random.ts';
import { absolutePath, joinRaw, parentOf, type RawPath } from '../raw-path.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'node_modules', 'x\xff', 'new\nline', 'ü'];

/** A user at random: changes a tree in every way that a shell can. */
export class RandomChanges {
  /** What was done, for the message of a test that fails. */
  readonly done: string[] = [];
  /** The last change made a hard link. */
  linked = false;
  #root: string;
  #random: Random;
  #links: boolean;

  /**
   * `links`: make hard links. A write through a name that is ignored is told to nobody, so a tree with ignored names
   * has none.
   */
  constructor(root: string, random: Random, { links }: { links: boolean }) {
    this.#root = root;
    this.#links = links;
    this.#random = random;
  }

  below(bound: number): number {
    const [high = 0, low = 0] = this.#random.bytes(2);
    return (high * 256 + low) % bound;
  }

  /** Makes one change; one that the system refuses (a folder moved into itself) is none. */
  step(): void {
    const steps = [
      this.#write,
      this.#write,
      this.#save,
      this.#append,
      this.#makeFolders,
      this.#rename,
      this.#rename,
      this.#remove,
      this.#chmod,
      this.#symlink,
      this.#links ? this.#link : this.#append,
      this.#touch,
      this.#churn,
    ];
    this.linked = false;
    const step = steps[this.below(steps.length)] ?? this.#write;
    try {
      step.call(this);
    } catch (error) {
      this.done.push(`  refused: ${(error as { code?: string }).code}`);
      if (!(error as { code?: string }).code) throw error;
    }
  }

  #say(text: string): void {
    this.done.push(text);
  }

  #at(path: RawPath): string | Buffer {
    return absolutePath(this.#root, path);
  }

  #name(): string {
    return names[this.below(names.length)] ?? 'a';
  }

  #existing(wanted?: 'folder'): RawPath {
    const all: RawPath[] = [''];
    const walk = (folder: RawPath) => {
      for (const name of readdirSync(this.#at(folder), { encoding: 'latin1' })) {
        const path = joinRaw(folder, name);
        const isFolder = lstatSync(this.#at(path)).isDirectory();
        if (isFolder || !wanted) all.push(path);
        if (isFolder) walk(path);
      }
    };
    walk('');
    return all[this.below(all.length)] ?? '';
  }

  #place(): RawPath {
    return joinRaw(this.#existing('folder'), this.#name());
  }

  #content(): string {
    return 'x'.repeat(this.below(5) === 0 ? this.below(65_000) * 8 : this.below(50)) + this.below(1_000);
  }

  #write(): void {
    const path = this.#place();
    this.#say(`write ${path}`);
    writeFileSync(this.#at(path), this.#content());
  }

  #save(): void {
    const path = this.#place();
    const temporary = joinRaw(parentOf(path), `.tmp${this.below(3)}`);
    this.#say(`save ${path} through ${temporary}`);
    writeFileSync(this.#at(temporary), this.#content());
    renameSync(this.#at(temporary), this.#at(path));
  }

  #append(): void {
    const path = this.#existing();
    this.#say(`append ${path}`);
    appendFileSync(this.#at(path), 'more');
  }

  #makeFolders(): void {
    const path = joinRaw(this.#place(), joinRaw(this.#name(), this.#name()));
    this.#say(`mkdir -p ${path}, and a file in it`);
    mkdirSync(this.#at(path), { recursive: true });
    writeFileSync(this.#at(joinRaw(path, 'in')), this.#content());
  }

  #rename(): void {
    const from = this.#existing();
    const to = this.#place();
    this.#say(`rename ${from} → ${to}`);
    if (from !== '') renameSync(this.#at(from), this.#at(to));
  }

  #remove(): void {
    const path = this.#existing();
    // Large trees are rare enough; half of the time a folder is spared.
    if (path === '' || (lstatSync(this.#at(path)).isDirectory() && this.below(2) === 0)) return;
    this.#say(`rm -rf ${path}`);
    rmSync(this.#at(path), { recursive: true });
  }

  #chmod(): void {
    const path = this.#existing();
    if (path === '' || lstatSync(this.#at(path)).isSymbolicLink()) return;
    const mode = 0o700 | this.below(0o100);
    this.#say(`chmod ${mode.toString(8)} ${path}`);
    chmodSync(this.#at(path), mode);
  }

  #symlink(): void {
    const path = this.#place();
    this.#say(`symlink ${path}`);
    symlinkSync(`target${this.below(5)}`, this.#at(path));
  }

  #link(): void {
    const from = this.#existing();
    const to = this.#place();
    this.#say(`link ${from} ${to}`);
    linkSync(this.#at(from), this.#at(to));
    this.linked = true;
  }

  #touch(): void {
    const path = this.#existing();
    this.#say(`touch ${path}`);
    utimesSync(this.#at(path), this.below(1_000), this.below(1_000));
  }

  /** The same path again and again, faster than anyone can look. */
  #churn(): void {
    const path = this.#place();
    this.#say(`churn ${path}`);
    for (let turn = this.below(20); turn >= 0; turn -= 1) {
      writeFileSync(this.#at(path), `${turn}`);
      if (this.below(3) === 0) rmSync(this.#at(path));
      else if (this.below(4) === 0) truncateSync(this.#at(path), 0);
    }
  }
}
