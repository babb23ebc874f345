import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { limits } from '../contracts/limits.ts';
import { Activity } from './activity.ts';
import type { Connection } from './connection.ts';
import { TestGateway } from './testing/gateway.ts';
import { testEntry } from './testing/trail.ts';

const wait = { timeout: 10_000, interval: 5 };
let gateway: TestGateway;
let connection: Connection;
let activity: Activity;
/** How many entries the trail has; entry n speaks of file n. */
let length: number;

const entry = (seq: number) => testEntry({ seq, path: `file-${seq}` });
const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => entry(from + at));
const seqs = () => activity.snapshot.get().entries.map(({ seq }) => seq);
const holeless = (from: number, to: number) =>
  range(to, from)
    .map(({ seq }) => seq)
    .reverse();

function page(newest: number) {
  const from = Math.max(1, newest - limits.trailPageEntriesDefault + 1);
  return { entries: range(from, newest).reverse(), completeTo: length, next: from > 1 ? from : null };
}
function append(count: number, told = count): void {
  length += count;
  gateway.push('trail.appended', { entries: range(length - told + 1, length), completeTo: length });
}

beforeEach(async () => {
  length = 250;
  gateway = await TestGateway.open();
  gateway.trail = page(length);
  gateway.handlers['trail.read'] = ({ before, after, limit }) => {
    if (before !== undefined) return page(before - 1);
    const from = (after ?? 0) + 1;
    const to = Math.min(length, from + limit - 1);
    return { entries: range(from, to), completeTo: length, next: to < length ? to : null };
  };
  connection = gateway.connect();
  activity = new Activity(connection);
  await vi.waitFor(() => expect(activity.snapshot.get().known).toBe(true), wait);
});
afterEach(() => gateway.close());

describe('Activity', () => {
  it('begins with the newest page and reads older ones to the first entry', async () => {
    expect(seqs()).toEqual(holeless(250, 151));
    await activity.readOlder();
    await activity.readOlder();
    expect(seqs()).toEqual(holeless(250, 1));
    expect(activity.snapshot.get().next).toBeNull();
  });

  it('takes on what is appended, once', async () => {
    append(2);
    gateway.push('trail.appended', { entries: range(251, 252), completeTo: 252 });
    await vi.waitFor(() => expect(seqs().slice(0, 3)).toEqual([252, 251, 250]), wait);
    expect(activity.snapshot.get().completeTo).toBe(252);
  });

  it('reads what a push left out', async () => {
    append(2_500, 200);
    await vi.waitFor(() => expect(seqs()).toEqual(holeless(2_750, 151)), wait);
  });

  it('joins on what came while it was cut off, or begins anew when that is more than a page', async () => {
    length += 30;
    gateway.trail = page(length);
    gateway.cut();
    await vi.waitFor(() => expect(seqs()).toEqual(holeless(280, 151)), wait);
    length += 300;
    gateway.trail = page(length);
    gateway.cut();
    await vi.waitFor(() => expect(seqs()).toEqual(holeless(580, 481)), wait);
    await activity.readOlder();
    expect(seqs()).toEqual(holeless(580, 381));
  });

  it('holds so many entries and no more, and can read the rest again', async () => {
    append(limits.activityEntriesMax, 200);
    await vi.waitFor(() => expect(seqs()[0]).toBe(length), wait);
    expect(seqs()).toHaveLength(limits.activityEntriesMax);
    expect(activity.snapshot.get().next).toBe(seqs().at(-1));
  });

  it('shows an origin that is told later with the entry it speaks of', async () => {
    const origin = { kind: 'editor', userId: 'bbbb', sessionId: null, opId: 'oooo' } as never;
    const told = testEntry({ seq: 251, kind: 'attributed', path: '', type: null, refersTo: 250, origin });
    gateway.push('trail.appended', { entries: [told], completeTo: 251 });
    await vi.waitFor(() => expect(activity.snapshot.get().attributed.get(250)).toEqual(origin), wait);
  });
});
