import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ObservedEntry } from '../../lib/contracts/trail.ts';
import { TestWorkspace, until } from './testing/workspace.ts';

const unprivileged = 65_534;

let workspace: TestWorkspace;
beforeEach(async () => {
  workspace = await TestWorkspace.open(['node_modules', 'build/out']);
});
afterEach(() => workspace.close());

const at = (path: string) => join(workspace.root, path);
const short = ({ kind, path, previousPath }: ObservedEntry) =>
  previousPath === null ? `${kind} ${path}` : `${kind} ${previousPath} → ${path}`;

/** What was recorded since, in short, without the mark that the resting itself leaves. */
async function recordedBy(change: () => void): Promise<string[]> {
  await workspace.rested();
  const before = workspace.gateway.entries.length;
  change();
  await workspace.rested();
  expect(workspace.replayed()).toEqual(workspace.onDisk());
  return workspace.gateway.entries
    .slice(before)
    .map(short)
    .filter((text) => !text.includes(' rest-mark-'));
}

describe('what is recorded', () => {
  test('a fresh spool: the rules, then the whole tree within a baseline', async () => {
    mkdirSync(at('folder/node_modules'), { recursive: true });
    writeFileSync(at('folder/node_modules/ignored'), 'x');
    writeFileSync(at('folder/file'), 'x');
    symlinkSync('file', at('folder/link'));
    workspace.start();
    await workspace.rested();
    const { entries } = workspace.gateway;
    const texts = entries.map(short).filter((text) => !text.includes(' rest-mark-'));
    expect(texts.slice(0, 3)).toEqual(['rules_changed ', 'gap_opened ', 'created folder']);
    expect(texts.slice(3, 5).sort()).toEqual(['created folder/file', 'created folder/link']);
    expect(texts.slice(5)).toEqual(['gap_closed ']);
    expect(entries[0]?.rules).toEqual(['node_modules', 'build/out']);
    expect(entries[1]?.reason).toBe('baseline');
    expect(workspace.replayed()).toEqual(workspace.onDisk());
  });

  test('a start at which nothing has changed leaves nothing, one at which something has leaves a gap', async () => {
    writeFileSync(at('file'), 'x');
    workspace.start();
    await workspace.rested();
    expect(await workspace.end()).toBe(0);
    const before = workspace.gateway.entries.length;
    workspace.start();
    await until(
      () => workspace.gateway.statuses.at(-1)?.state === 'live',
      () => 'live',
    );
    await workspace.end();
    expect(workspace.gateway.entries.slice(before)).toEqual([]);
    writeFileSync(at('file'), 'changed');
    workspace.start();
    await until(
      () => workspace.gateway.entries.slice(before).some(({ kind }) => kind === 'gap_closed'),
      () => 'the gap is closed',
    );
    expect(workspace.gateway.entries.slice(before).map(short)).toEqual(['gap_opened ', 'modified file', 'gap_closed ']);
    expect(workspace.gateway.entries.at(before)?.reason).toBe('started');
    expect(workspace.gateway.trails.size).toBe(1);
  });

  test('renames', async () => {
    mkdirSync(at('folder/deep'), { recursive: true });
    mkdirSync(at('node_modules'));
    writeFileSync(at('folder/deep/file'), 'deep');
    writeFileSync(at('one'), '1');
    writeFileSync(at('two'), '2');
    const outside = join(workspace.base, 'outside');
    workspace.start();
    expect(await recordedBy(() => renameSync(at('one'), at('folder/uno')))).toEqual(['renamed one → folder/uno']);
    expect(await recordedBy(() => renameSync(at('folder'), at('moved')))).toEqual(['renamed folder → moved']);
    expect(await recordedBy(() => renameSync(at('moved/uno'), at('two')))).toEqual([
      'deleted two',
      'renamed moved/uno → two',
    ]);
    expect(await recordedBy(() => renameSync(at('moved'), outside))).toEqual([
      'deleted moved/deep/file',
      'deleted moved/deep',
      'deleted moved',
    ]);
    expect(await recordedBy(() => renameSync(outside, at('back')))).toEqual([
      'created back',
      'created back/deep',
      'created back/deep/file',
    ]);
    expect(await recordedBy(() => renameSync(at('two'), at('node_modules/two')))).toEqual(['deleted two']);
    expect(await recordedBy(() => renameSync(at('node_modules/two'), at('three')))).toEqual(['created three']);
    // A folder comes under a rule that is a path, and leaves it again.
    expect(await recordedBy(() => mkdirSync(at('tree/out'), { recursive: true }))).toEqual([
      'created tree',
      'created tree/out',
    ]);
    expect(await recordedBy(() => renameSync(at('tree'), at('build')))).toEqual(['renamed tree → build']);
    expect(await recordedBy(() => renameSync(at('build'), at('tree')))).toEqual([
      'renamed build → tree',
      'created tree/out',
    ]);
  });

  test('a folder moved over an empty one is watched there', async () => {
    // A rule that is a path would have the folder listed, and watched, anew.
    workspace.ignoreRules.length = 0;
    workspace.gateway.settings = { ignoreRules: [] };
    workspace.start();
    await recordedBy(() => {
      mkdirSync(at('full/deep'), { recursive: true });
      mkdirSync(at('empty'));
    });
    expect(await recordedBy(() => renameSync(at('full'), at('empty')))).toEqual([
      'deleted empty',
      'renamed full → empty',
    ]);
    expect(await recordedBy(() => writeFileSync(at('empty/deep/x'), 'x'))).toEqual(['created empty/deep/x']);
  });

  test('an editor that saves through a new file changes the old one, in one entry', async () => {
    writeFileSync(at('file'), 'old');
    workspace.start();
    const texts = await recordedBy(() => {
      writeFileSync(at('.file.tmp'), 'new');
      renameSync(at('.file.tmp'), at('file'));
    });
    expect([['modified file'], ['created .file.tmp', 'deleted file', 'renamed .file.tmp → file']]).toContainEqual(
      texts,
    );
  });

  test('modes, types, symlinks and names of any bytes', async () => {
    writeFileSync(at('file'), 'x');
    workspace.start();
    expect(await recordedBy(() => chmodSync(at('file'), 0o600))).toEqual(['modified file']);
    const texts = await recordedBy(() => {
      rmSync(at('file'));
      mkdirSync(at('file'));
    });
    expect(texts).toEqual(['deleted file', 'created file']);
    expect(await recordedBy(() => symlinkSync('/nowhere', at('link')))).toEqual(['created link']);
    expect(await recordedBy(() => writeFileSync(workspace.at('\xff'), 'x'))).toEqual(['created b64:_w']);
    expect(await recordedBy(() => writeFileSync(at('a\nb'), 'x'))).toEqual(['created a\nb']);
  });

  test.runIf(process.getuid?.() === 0)('what may not be read is recorded without its hash', async () => {
    chownSync(workspace.base, unprivileged, unprivileged);
    writeFileSync(at('secret'), 'x', { mode: 0o600 });
    mkdirSync(at('closed'), { mode: 0o700 });
    writeFileSync(at('closed/inside'), 'x');
    workspace.start({ uid: unprivileged });
    await workspace.rested();
    const of = (path: string) => workspace.gateway.entries.findLast((entry) => entry.path === path);
    expect(of('secret')).toMatchObject({ kind: 'created', size: 1, sha256: null, unhashed: 'unreadable' });
    expect(of('closed')?.kind).toBe('created');
    expect(of('closed/inside')).toBeUndefined();
    // Once it may be read it is.
    chmodSync(at('secret'), 0o644);
    chmodSync(at('closed'), 0o755);
    await workspace.rested();
    expect(of('secret')).toMatchObject({ kind: 'modified', unhashed: null });
    expect(of('closed/inside')?.kind).toBe('created');
    expect(workspace.replayed()).toEqual(workspace.onDisk());
  });

  test('rules that change are listed, then what they no longer ignore is found', async () => {
    mkdirSync(at('node_modules'));
    writeFileSync(at('node_modules/x'), 'x');
    writeFileSync(at('y.log'), 'y');
    workspace.start();
    await workspace.rested();
    const before = workspace.gateway.entries.length;
    workspace.ignoreRules.splice(0, 2, '*.log');
    workspace.gateway.sendSettings({ ignoreRules: ['*.log'] });
    await until(
      () => workspace.gateway.entries.slice(before).some(({ kind }) => kind === 'gap_closed'),
      () => 'rules',
    );
    const entries = workspace.gateway.entries.slice(before);
    expect(entries[0]).toMatchObject({ kind: 'rules_changed', rules: ['*.log'] });
    expect(entries.map(short).slice(1)).toEqual([
      'gap_opened ',
      'created node_modules',
      'created node_modules/x',
      'gap_closed ',
    ]);
    await workspace.rested();
    expect(workspace.replayed()).toEqual(workspace.onDisk());
    // A restart goes on with the server's rules, not with its configuration's.
    await workspace.end();
    const rulesBefore = workspace.gateway.entries.filter(({ kind }) => kind === 'rules_changed').length;
    workspace.start();
    await workspace.rested();
    expect(workspace.gateway.entries.filter(({ kind }) => kind === 'rules_changed')).toHaveLength(rulesBefore);
  });
});

describe('faults', () => {
  test('a reader that is stopped through 10,000 writes knows all final states, behind a gap', {
    timeout: 60_000,
  }, async () => {
    mkdirSync(at('many'));
    workspace.start();
    await workspace.rested();
    workspace.monitor?.kill('SIGSTOP');
    for (let number = 0; number < 10_000; number += 1) writeFileSync(at(`many/${number}`), `${number}`);
    workspace.monitor?.kill('SIGCONT');
    await workspace.rested();
    expect(workspace.replayed()).toEqual(workspace.onDisk());
    expect(workspace.gateway.entries.filter(({ path }) => path.startsWith('many/'))).toHaveLength(10_000);
    const reasons = workspace.gateway.entries.flatMap(({ kind, reason }) => (kind === 'gap_opened' ? [reason] : []));
    expect(reasons).toHaveLength(2);
    expect(['overflow', 'stalled']).toContain(reasons[1]);
  });

  test('killed at random moments, it loses nothing and repeats nothing', { timeout: 120_000 }, async () => {
    for (let round = 0; round < 12; round += 1) {
      workspace.start();
      const entries = workspace.gateway.entries.length;
      for (let number = 0; number < 150; number += 1) {
        writeFileSync(at(`file${number % 40}`), `${round} ${number}`);
        if (number % 10 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
      // Somewhere between the first entry after the start and the last.
      await until(
        () => workspace.gateway.entries.length > entries + round * 3,
        () => `entries of round ${round}`,
      );
      await workspace.end('SIGKILL');
    }
    workspace.start();
    await workspace.rested();
    expect(workspace.replayed()).toEqual(workspace.onDisk());
    // The gateway refuses a batch that does not continue its spool, so one spool means one unbroken sequence.
    expect(workspace.gateway.trails.size).toBe(1);
    expect(workspace.log).not.toContain('does not continue');
  });

  test('a connection that is cut, and answers that are errors, lose and repeat nothing', async () => {
    let turn = 0;
    workspace.gateway.onBatch = () => {
      turn += 1;
      if (turn % 5 === 2) throw new Error('refused');
      if (turn % 5 === 4) workspace.gateway.cut();
    };
    workspace.start();
    for (let number = 0; number < 300; number += 1) {
      writeFileSync(at(`file${number}`), `${number}`);
      if (number % 30 === 0) await workspace.rested();
    }
    await workspace.rested();
    workspace.gateway.onBatch = () => {};
    expect(turn).toBeGreaterThan(5);
    expect(workspace.replayed()).toEqual(workspace.onDisk());
    const created = workspace.gateway.entries.filter(({ kind, path }) => kind === 'created' && path.startsWith('file'));
    expect(new Set(created.map(({ path }) => path)).size).toBe(created.length);
  });

  test('a server that lost the trail gets a new spool with the whole tree', async () => {
    writeFileSync(at('file'), 'x');
    workspace.start();
    await workspace.rested();
    await workspace.end();
    // It claims to have more of this spool than there is.
    for (const trail of workspace.gateway.trails.values()) trail.push(...trail.slice(0, 1));
    workspace.start();
    await workspace.rested();
    expect(workspace.gateway.trails.size).toBe(2);
    const [, second = []] = [...workspace.gateway.trails.values()];
    expect(second.slice(0, 2).map(({ kind, reason }) => [kind, reason])).toEqual([
      ['rules_changed', null],
      ['gap_opened', 'baseline'],
    ]);
    expect(workspace.replayed()).toEqual(workspace.onDisk());
  });

  test('without its index it records the whole tree again; without its spool it begins a new one', async () => {
    writeFileSync(at('file'), 'x');
    workspace.start();
    await workspace.rested();
    await workspace.end();
    rmSync(join(workspace.state, 'index'));
    rmSync(at('file'));
    workspace.start();
    await workspace.rested();
    expect(workspace.replayed()).toEqual(workspace.onDisk());
    expect(workspace.gateway.trails.size).toBe(1);
    await workspace.end();
    rmSync(join(workspace.state, 'spool'), { recursive: true });
    workspace.start();
    await workspace.rested();
    expect(workspace.gateway.trails.size).toBe(2);
    expect(workspace.replayed()).toEqual(workspace.onDisk());
  });
});
