import { expect, it } from 'vitest';
import { ManualClock } from '../../lib/base/clock.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { Throttle, throttledKeysMax } from './throttle.ts';

const attempt = (throttle: Throttle, key: string) => {
  throttle.check(key);
  throttle.add(key);
};

it('lets signInAttemptsMax through in any window of signInWindowMs, and says how long to wait', async () => {
  const clock = new ManualClock();
  const throttle = new Throttle(clock);
  for (let count = 0; count < limits.signInAttemptsMax; count += 1) {
    attempt(throttle, 'ada');
    await clock.advance(1_000);
  }
  const waited = limits.signInAttemptsMax * 1_000;
  expect(() => attempt(throttle, 'ada')).toThrow(
    expect.objectContaining({ code: 'rate_limited', details: { retryAfterMs: limits.signInWindowMs - waited } }),
  );
  attempt(throttle, 'someone else');
  await clock.advance(limits.signInWindowMs - waited);
  // One has left the window, so one more fits.
  attempt(throttle, 'ada');
  expect(() => attempt(throttle, 'ada')).toThrow(expect.objectContaining({ code: 'rate_limited' }));
});

it('does not mind a wall clock that jumps', () => {
  const clock = new ManualClock();
  const throttle = new Throttle(clock, 1);
  attempt(throttle, 'ada');
  clock.jump(limits.signInWindowMs * 2);
  expect(() => attempt(throttle, 'ada')).toThrow(expect.objectContaining({ code: 'rate_limited' }));
});

it('forgets a key on request, and the one least used when there are throttledKeysMax', () => {
  const throttle = new Throttle(new ManualClock(), 1);
  attempt(throttle, 'ada');
  throttle.clear('ada');
  attempt(throttle, 'ada');
  for (let count = 1; count < throttledKeysMax; count += 1) attempt(throttle, `key ${count}`);
  expect(() => throttle.check('ada')).toThrow();
  attempt(throttle, 'one too many');
  expect(() => throttle.check('ada')).not.toThrow();
  expect(() => throttle.check('key 1')).toThrow();
});
