import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../lib/base/clock.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { TerminalOutput } from './output.ts';

let clock: ManualClock;
let frames: { offset: number; length: number }[];
let held: boolean;
let output: TerminalOutput;

beforeEach(() => {
  clock = new ManualClock();
  frames = [];
  held = false;
  output = new TerminalOutput({
    clock,
    send: ({ offset, bytes }) => frames.push({ offset, length: bytes.length }),
    hold: (now) => {
      held = now;
    },
  });
});

const push = (length: number) => output.push(Buffer.alloc(length, 'x'));

describe('TerminalOutput', () => {
  it('sends nothing until somebody attaches', () => {
    push(10);
    expect(frames).toEqual([]);
    output.attached();
    push(5);
    expect(frames).toEqual([{ offset: 10, length: 5 }]);
  });

  it('sends a little at once and gathers much, for the delay or a frame’s size', async () => {
    output.attached();
    push(limits.terminalQuickBytesMax);
    push(100);
    push(100);
    expect(frames.length).toBe(1);
    await clock.advance(limits.terminalFrameDelayMsMax);
    expect(frames.at(-1)).toEqual({ offset: limits.terminalQuickBytesMax, length: 200 });
    push(limits.terminalFrameBytesMax + 10);
    expect(frames.slice(2).map(({ length }) => length)).toEqual([limits.terminalFrameBytesMax, 10]);
  });

  it('counts many small pieces as busy', async () => {
    output.attached();
    for (let count = 0; count < limits.terminalQuickFramesMax + 5; count += 1) push(1);
    expect(frames.length).toBe(limits.terminalQuickFramesMax);
    await clock.advance(limits.terminalFrameDelayMsMax);
    expect(frames.at(-1)?.length).toBe(5);
    await clock.advance(limits.terminalFrameDelayMsMax);
    push(1);
    expect(frames.at(-1)?.length).toBe(1);
  });

  it('is held a window ahead of the credit and released by progress', () => {
    output.attached();
    push(limits.terminalWindowBytes);
    expect(held).toBe(false);
    push(1);
    expect(held).toBe(true);
    output.credit({ offset: 0, live: 1 });
    expect(held).toBe(true);
    output.credit({ offset: 1, live: 1 });
    expect(held).toBe(false);
  });

  it('goes on unsent when the quickest browser stands still, and resumes behind the hole with its credit', async () => {
    output.attached();
    push(limits.terminalWindowBytes + 1);
    await clock.advance(limits.terminalStaleMs - 1);
    expect(held).toBe(true);
    await clock.advance(1);
    expect(held).toBe(false);
    const sent = frames.length;
    push(5_000_000);
    expect(held).toBe(false);
    expect(frames.length).toBe(sent);
    output.credit({ offset: 100, live: 1 });
    push(7);
    expect(frames.at(-1)).toEqual({ offset: limits.terminalWindowBytes + 1 + 5_000_000, length: 7 });
    expect(held).toBe(false);
  });

  it('holds nothing when nobody is live, and takes no credit for what there is not', () => {
    output.attached();
    push(limits.terminalWindowBytes + 1);
    output.credit({ offset: 0, live: 0 });
    expect(held).toBe(false);
    output.credit({ offset: Number.MAX_SAFE_INTEGER, live: 1 });
    push(limits.terminalWindowBytes + 1);
    expect(held).toBe(true);
  });
});
