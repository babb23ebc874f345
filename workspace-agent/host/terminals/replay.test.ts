import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Replay } from './replay.ts';

it('answers like the whole stream would, from any offset it still holds', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 50 }), (chunks, capacity) => {
      const replay = new Replay(capacity);
      let all = Buffer.alloc(0);
      for (const chunk of chunks) {
        replay.push(chunk);
        all = Buffer.concat([all, chunk]);
        expect(replay.end).toBe(all.length);
        for (let offset = 0; offset <= all.length + 1; offset += 1) {
          const held = offset >= all.length - capacity && offset <= all.length;
          expect(replay.from(offset)).toEqual(held ? new Uint8Array(all.subarray(offset)) : undefined);
        }
      }
    }),
  );
});
