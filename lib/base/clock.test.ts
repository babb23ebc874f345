import { describe, expect, it } from 'vitest';
import { delay, ManualClock, systemClock } from './clock.ts';

describe('a manual clock', () => {
  it('stands still, then fires what is due in order, also what that sets off', async () => {
    const clock = new ManualClock(1_000);
    const fired: [string, number][] = [];
    const note = (what: string) => () => fired.push([what, clock.now()]);
    clock.after(30, note('late'));
    clock.after(10, () => {
      note('early')();
      clock.after(5, note('chained'));
    });
    const cancelled = clock.after(20, note('cancelled'));
    cancelled[Symbol.dispose]();
    clock.after(31, note('not yet'));
    await clock.advance(30);
    expect(fired).toEqual([
      ['early', 1_010],
      ['chained', 1_015],
      ['late', 1_030],
    ]);
    expect(clock.monotonic()).toBe(30);
  });

  it('jumps without time passing', async () => {
    const clock = new ManualClock(0);
    let fired = false;
    clock.after(10, () => {
      fired = true;
    });
    clock.jump(-5_000);
    expect([clock.now(), clock.monotonic(), fired]).toEqual([-5_000, 0, false]);
  });
});

describe('a delay', () => {
  it('ends in time, or at once when aborted, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    const ended = delay(clock, 100);
    await clock.advance(100);
    await ended;
    const reason = new Error('enough');
    await expect(delay(clock, 100, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const aborted = delay(clock, 100, controller.signal);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await clock.advance(1_000);
  });

  it('works on the system’s clock, which goes forward', async () => {
    const before = systemClock.monotonic();
    await delay(systemClock, 1);
    expect(systemClock.monotonic()).toBeGreaterThan(before);
  });
});
