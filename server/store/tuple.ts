import { CoditectError } from '../../lib/contracts/errors.ts';
import type { Key, KeyRange } from './store.ts';

/**
 * FoundationDB's tuple layer: tuples become keys whose byte order is the tuples' order, and whose bytes are those of
 * every FoundationDB binding (its `design/tuple.md`). Floats, UUIDs and versionstamps are left out: no key holds one.
 * Order of kinds: null, bytes, string (by UTF-8), nested tuple, integer, false, true.
 */
export type TupleItem = null | boolean | number | bigint | string | Uint8Array | TupleItem[];

const code = {
  null: 0x00,
  bytes: 0x01,
  string: 0x02,
  nested: 0x05,
  integerZero: 0x14,
  false: 0x26,
  true: 0x27,
  escape: 0xff,
} as const;

/** Eight bytes of magnitude, the most that all bindings agree on. */
const integerMax = 2n ** 64n - 1n;
const integerBytesMax = 8;

/**
 * The key of a tuple.
 * @throws CoditectError `invalid_request` for a fraction, a number beyond 2^53 (pass a bigint), an integer of more than
 * eight bytes, and a string with a lone surrogate, which has no UTF-8 form.
 */
export function pack(items: readonly TupleItem[]): Uint8Array {
  const writer = new ByteWriter();
  for (const item of items) packItem(writer, item);
  return writer.finish();
}

/**
 * The tuple of a key. Integers come back as numbers where they are safe, else as bigints.
 * @throws CoditectError `invalid_request` when the bytes are no tuple of ours.
 */
export function unpack(bytes: Uint8Array): TupleItem[] {
  const reader: Reader = { bytes, at: 0 };
  const items: TupleItem[] = [];
  while (reader.at < bytes.length) items.push(unpackItem(reader));
  return items;
}

/** All keys of tuples that begin with `prefix` and are longer. */
export function rangeOf(prefix: readonly TupleItem[]): KeyRange {
  const packed = pack(prefix);
  return { begin: withByte(packed, 0x00), end: withByte(packed, 0xff) };
}

/** Byte order: negative when `a` sorts before `b`, 0 when they are the same. */
export function compareKeys(a: Key, b: Key): number {
  return Buffer.compare(a, b);
}

function packItem(writer: ByteWriter, item: TupleItem): void {
  if (item === null) writer.byte(code.null);
  else if (typeof item === 'string') packString(writer, item);
  else if (typeof item === 'number') packNumber(writer, item);
  else if (typeof item === 'bigint') packInteger(writer, item);
  else if (typeof item === 'boolean') writer.byte(item ? code.true : code.false);
  else if (item instanceof Uint8Array) {
    writer.byte(code.bytes);
    writer.escaped(item);
  } else packNested(writer, item);
}

function packString(writer: ByteWriter, text: string): void {
  if (!text.isWellFormed()) throw new CoditectError('invalid_request', 'A text in a key has a lone surrogate.');
  writer.byte(code.string);
  writer.escaped(Buffer.from(text, 'utf8'));
}

function packNumber(writer: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value)) throw new CoditectError('invalid_request', `${value} is no safe integer.`);
  packInteger(writer, BigInt(value));
}

/** Type code 0x14 ± length, then the magnitude, big-endian; negative ones as one's complement, so that they sort. */
function packInteger(writer: ByteWriter, value: bigint): void {
  const magnitude = value < 0n ? -value : value;
  if (magnitude > integerMax) throw new CoditectError('invalid_request', 'An integer in a key exceeds eight bytes.');
  const bytes: number[] = [];
  for (let rest = magnitude; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
  const negative = value < 0n;
  writer.byte(negative ? code.integerZero - bytes.length : code.integerZero + bytes.length);
  for (const byte of bytes) writer.byte(negative ? byte ^ 0xff : byte);
}

/** Ends with 0x00, so a null inside is 0x00 0xff: an end never is followed by 0xff, which is no type code. */
function packNested(writer: ByteWriter, items: readonly TupleItem[]): void {
  writer.byte(code.nested);
  for (const item of items) {
    packItem(writer, item);
    if (item === null) writer.byte(code.escape);
  }
  writer.byte(0x00);
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function unpackItem(reader: Reader): TupleItem {
  const type = reader.bytes[reader.at];
  if (type === undefined) throw malformed();
  reader.at += 1;
  if (type === code.null) return null;
  if (type === code.bytes) return unpackEscaped(reader);
  if (type === code.string) return decodeUtf8(unpackEscaped(reader));
  if (type === code.nested) return unpackNested(reader);
  if (type === code.false || type === code.true) return type === code.true;
  if (Math.abs(type - code.integerZero) <= integerBytesMax) return unpackInteger(reader, type - code.integerZero);
  throw malformed();
}

function unpackEscaped(reader: Reader): Uint8Array {
  const { bytes } = reader;
  const writer = new ByteWriter();
  for (;;) {
    const end = bytes.indexOf(0x00, reader.at);
    if (end === -1) throw malformed();
    writer.raw(bytes.subarray(reader.at, end));
    reader.at = end + 1;
    if (bytes[reader.at] !== code.escape) return writer.finish();
    writer.byte(0x00);
    reader.at += 1;
  }
}

function unpackNested(reader: Reader): TupleItem[] {
  const { bytes } = reader;
  const items: TupleItem[] = [];
  for (;;) {
    if (bytes[reader.at] !== 0x00) {
      items.push(unpackItem(reader));
    } else if (bytes[reader.at + 1] === code.escape) {
      items.push(null);
      reader.at += 2;
    } else {
      reader.at += 1;
      return items;
    }
  }
}

/** `size` is the number of bytes, negative for a negative integer. */
function unpackInteger(reader: Reader, size: number): number | bigint {
  const end = reader.at + Math.abs(size);
  if (end > reader.bytes.length) throw malformed();
  let magnitude = 0n;
  for (; reader.at < end; reader.at += 1) {
    const byte = reader.bytes[reader.at] ?? 0;
    magnitude = (magnitude << 8n) | BigInt(size < 0 ? byte ^ 0xff : byte);
  }
  const value = size < 0 ? -magnitude : magnitude;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

// A byte order mark is a character like any other here: two texts must never give one tuple.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed();
  }
}

function malformed(): CoditectError {
  return new CoditectError('invalid_request', 'The bytes are not an encoded tuple.');
}

function withByte(bytes: Uint8Array, last: number): Uint8Array {
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  longer[bytes.length] = last;
  return longer;
}

/** Bytes gathered into a buffer that doubles as it fills. */
class ByteWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** `bytes` with each 0x00 as 0x00 0xff, ended by 0x00. */
  escaped(bytes: Uint8Array): void {
    let from = 0;
    for (let zero = bytes.indexOf(0x00); zero !== -1; zero = bytes.indexOf(0x00, from)) {
      this.raw(bytes.subarray(from, zero + 1));
      this.byte(code.escape);
      from = zero + 1;
    }
    this.raw(bytes.subarray(from));
    this.byte(0x00);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
