import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCoditectError } from '../../lib/contracts/errors.ts';
import { compareKeys, pack, rangeOf, type TupleItem, unpack } from './tuple.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

/** The examples of FoundationDB's `design/tuple.md`, then the bounds that its bindings' tests hold. */
const vectors: [string, TupleItem[], string][] = [
  ['byte string', [bytesOf('foo\x00bar')], '01666f6f00ff62617200'],
  ['unicode string', ['F\u00d4O\u0000bar'], '0246c3944f00ff62617200'],
  ['nested tuple', [[bytesOf('foo\x00bar'), null, []]], '0501666f6f00ff62617200' + '00ff' + '0500' + '00'],
  ['negative integer', [-5551212], '11ab4b93'],
  ['null', [null], '00'],
  ['two nulls', [null, null], '0000'],
  ['empty tuple', [], ''],
  ['nested empty tuple', [[]], '0500'],
  ['nested null', [[null]], '0500ff00'],
  ['nested deeply', [[[null, 'a'], 1]], '05' + '0500ff02610000' + '150100'],
  ['empty bytes', [new Uint8Array()], '0100'],
  ['empty string', [''], '0200'],
  ['zero', [0], '14'],
  ['minus zero', [-0], '14'],
  ['one', [1], '1501'],
  ['minus one', [-1], '13fe'],
  ['255', [255], '15ff'],
  ['-255', [-255], '1300'],
  ['256', [256], '160100'],
  ['-256', [-256], '12feff'],
  ['65535', [65535], '16ffff'],
  ['65536', [65536], '17010000'],
  ['2^32 - 1', [2 ** 32 - 1], '18ffffffff'],
  ['-(2^32 - 1)', [-(2 ** 32 - 1)], '1000000000'],
  ['2^53 - 1', [Number.MAX_SAFE_INTEGER], '1b1fffffffffffff'],
  ['2^63 - 1', [2n ** 63n - 1n], '1c7fffffffffffffff'],
  ['-2^63', [-(2n ** 63n)], '0c7fffffffffffffff'],
  ['2^64 - 1', [2n ** 64n - 1n], '1cffffffffffffffff'],
  ['-(2^64 - 1)', [-(2n ** 64n - 1n)], '0c0000000000000000'],
  ['false, true', [false, true], '2627'],
  ['byte order mark', ['\ufeffa'], '02efbbbf6100'],
];

const safe = (value: bigint) =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
const { tuple } = fc.letrec<{ item: TupleItem; tuple: TupleItem[] }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 64n - 1n), max: 2n ** 64n - 1n }).map(safe),
    fc.integer({ min: -300, max: 300 }).map((value) => value + 0),
    fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => text.isWellFormed()),
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom<TupleItem>('', '\0', 'a\0', 'a', bytesOf('\0'), bytesOf('\xff'), bytesOf('\0\xff')),
    tie('tuple'),
  ),
  tuple: fc.array(tie('item'), { maxLength: 4 }),
}));

/** The order as the specification words it, written without regard to the encoding. */
function compareTuples(a: readonly TupleItem[], b: readonly TupleItem[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const order = compareItems(a[index] ?? null, b[index] ?? null);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

function compareItems(a: TupleItem, b: TupleItem): number {
  const kinds = Math.sign(kindOf(a) - kindOf(b));
  if (kinds !== 0 || a === null) return kinds;
  if (Array.isArray(a)) return compareTuples(a, b as TupleItem[]);
  if (typeof a === 'string') return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b as string)));
  if (a instanceof Uint8Array) return Math.sign(Buffer.compare(a, b as Uint8Array));
  const other = b as number | bigint | boolean;
  return a < other ? -1 : a > other ? 1 : 0;
}

function kindOf(item: TupleItem): number {
  if (item === null) return 0;
  if (item instanceof Uint8Array) return 1;
  if (Array.isArray(item)) return 3;
  return { string: 2, number: 4, bigint: 4, boolean: 5 }[typeof item as 'string' | 'number' | 'bigint' | 'boolean'];
}

describe('tuple', () => {
  it.each(vectors)('S1 gives the bytes of the specification: %s', (_name, items, expected) => {
    expect(hex(pack(items))).toBe(expected);
    expect(unpack(Buffer.from(expected, 'hex'))).toEqual(items.map((item) => (Object.is(item, -0) ? 0 : item)));
  });

  it('S1 reads back what it wrote', () => {
    fc.assert(
      fc.property(tuple, (items) => {
        expect(unpack(pack(items))).toEqual(items);
      }),
    );
  });

  it('S1 keeps the order of tuples', () => {
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        expect(Math.sign(compareKeys(pack(a), pack(b)))).toBe(compareTuples(a, b));
      }),
      { numRuns: 2_000 },
    );
  });

  it('S1 the range of a prefix holds the longer tuples and nothing else', () => {
    fc.assert(
      fc.property(tuple, tuple, (prefix, other) => {
        const { begin, end } = rangeOf(prefix);
        const inside = (key: Uint8Array) => compareKeys(begin, key) <= 0 && compareKeys(key, end) < 0;
        const below = compareTuples(other.slice(0, prefix.length), prefix) === 0 && other.length > prefix.length;
        expect(inside(pack(other))).toBe(below);
        expect(inside(pack([...prefix, ...other]))).toBe(other.length > 0);
      }),
    );
  });

  it.each<[string, TupleItem]>([
    ['a lone surrogate', 'a\ud800'],
    ['a fraction', 0.5],
    ['not a number', Number.NaN],
    ['a number beyond 2^53', 2 ** 53],
    ['2^64', 2n ** 64n],
    ['-2^64', -(2n ** 64n)],
    ['one deep inside', [['\udc00']]],
  ])('S1 refuses %s', (_name, item) => {
    expect(() => pack([item])).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it.each(['01', '0161', '02ff00', '05', '050200', '1c01', '15', '20', '33', 'ff', '0c'])(
    'S1 refuses bytes that are no tuple: %s',
    (bytes) => {
      expect(() => unpack(Buffer.from(bytes, 'hex'))).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    },
  );

  it('S1 never fails in another way on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          unpack(bytes);
        } catch (error) {
          expect(isCoditectError(error, 'invalid_request')).toBe(true);
        }
      }),
    );
  });
});
