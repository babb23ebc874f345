import type { EntryKind, GapReason, Origin, TrailEntry } from '../../lib/contracts/trail.ts';

/** How entries of the trail are told to people, in one place. */

export const kindWords: Record<EntryKind, string> = {
  created: 'Created',
  modified: 'Changed',
  deleted: 'Deleted',
  renamed: 'Renamed',
  gap_opened: 'Gap begins',
  gap_closed: 'Gap closed',
  rules_changed: 'Rules changed',
  superseded: 'Save overwritten',
  attributed: 'Origin found later',
};

/** What the filter lets one choose. */
export const kindGroups = {
  created: { title: 'Created', kinds: ['created'] },
  modified: { title: 'Changed', kinds: ['modified'] },
  renamed: { title: 'Renamed', kinds: ['renamed'] },
  deleted: { title: 'Deleted', kinds: ['deleted'] },
  gaps: { title: 'Gaps and rules', kinds: ['gap_opened', 'gap_closed', 'rules_changed'] },
  notes: { title: 'Notes on saves', kinds: ['superseded', 'attributed'] },
} as const satisfies Record<string, { title: string; kinds: readonly EntryKind[] }>;

const gapWords: Record<GapReason, string> = {
  baseline: 'first look at all files',
  started: 'the monitor started',
  overflow: 'more changes than could be told one by one',
  stalled: 'the monitor was held up',
  burst: 'many changes at once',
  no_watches: 'no watches were left',
  throttled: 'more changes than the trail takes',
  rules: 'the rules changed',
  periodic: 'routine check',
};

/** The second line of an entry about no file. */
export function gapText(entry: TrailEntry): string {
  const reason = entry.reason === null ? '' : gapWords[entry.reason];
  switch (entry.kind) {
    case 'gap_opened':
      return `From here changes may be missing: ${reason}`;
    case 'gap_closed':
      return `All files were compared; what was missed stands above #${entry.refersTo ?? '?'}`;
    case 'rules_changed':
      return `${entry.rules?.length ?? 0} rules say what is left out`;
    case 'superseded':
      return 'It was written over before it could be seen';
    case 'attributed':
      return entry.refersTo === null
        ? `Saved by ${originText(entry.origin)}; the content was there already`
        : `Entry #${entry.refersTo} came from ${originText(entry.origin)}`;
    default:
      return reason;
  }
}

export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'unattributed':
      return 'a terminal or program';
    case 'editor':
      return 'the editor';
    case 'api':
      return 'the API';
    case 'restore':
      return 'a restore';
    case 'run':
      return 'an agent run (it says so itself)';
  }
}

/** The same in a word. */
export function originWord(origin: Origin): string {
  const words = { unattributed: 'program', editor: 'editor', api: 'API', restore: 'restore', run: 'agent run' };
  return words[origin.kind];
}
