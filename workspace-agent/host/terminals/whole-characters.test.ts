import { describe, expect, it } from 'vitest';
import { wholeCharacters } from './whole-characters.ts';

describe('wholeCharacters', () => {
  it('cuts text where a character ends, at every length', () => {
    const text = 'aé…漢🙂z';
    const bytes = Buffer.from(text);
    const ends = [...text]
      .map((_, index) => Buffer.byteLength([...text].slice(0, index).join('')))
      .concat(bytes.length);
    for (let max = 0; max <= bytes.length; max += 1)
      expect(wholeCharacters(bytes, max)).toBe(ends.findLast((end) => end <= max));
  });

  it('does not wait for what is no character', () => {
    expect(wholeCharacters(Buffer.from([0x80, 0x80, 0x80, 0x80]))).toBe(4);
    expect(wholeCharacters(Buffer.from([0x61, 0xff]))).toBe(1);
    expect(wholeCharacters(Buffer.from([]))).toBe(0);
  });
});
