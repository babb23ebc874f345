import type { KeyText } from './key-text.ts';
import type { WriteSet } from './write-set.ts';

/**
 * A group of transactions' writes as one run of bytes, which moves to the writing thread without being copied.
 * Each write: kind (1 byte), length of the key (2), length of the second part (4), key, second part.
 */
export type BatchWrite =
  | { kind: 'put'; key: KeyText; value: Buffer }
  | { kind: 'clear'; key: KeyText }
  | { kind: 'clear_range'; begin: KeyText; end: KeyText };

const kinds = ['put', 'clear', 'clear_range'] as const;
const headerBytes = 7;
const empty = new Uint8Array();

/** `group` in order; in each transaction the ranges cleared come before the single keys. */
export function encodeBatch(group: readonly WriteSet[]): ArrayBuffer {
  const bytes = Buffer.alloc(batchBytes(group));
  let at = 0;
  const add = (kind: (typeof kinds)[number], key: KeyText, second: KeyText | Uint8Array) => {
    bytes.writeUInt8(kinds.indexOf(kind), at);
    bytes.writeUInt16BE(key.length, at + 1);
    bytes.writeUInt32BE(second.length, at + 3);
    at += headerBytes;
    at += bytes.write(key, at, 'latin1');
    if (typeof second === 'string') bytes.write(second, at, 'latin1');
    else bytes.set(second, at);
    at += second.length;
  };
  for (const writes of group) {
    for (const { begin, end } of writes.cleared) add('clear_range', begin, end);
    for (const { key, value } of writes.writes()) add(value ? 'put' : 'clear', key, value ?? empty);
  }
  return bytes.buffer;
}

export function* decodeBatch(buffer: ArrayBuffer): Iterable<BatchWrite> {
  const bytes = Buffer.from(buffer);
  for (let at = 0; at < bytes.length; ) {
    const kind = kinds[bytes.readUInt8(at)];
    const keyEnd = at + headerBytes + bytes.readUInt16BE(at + 1);
    const end = keyEnd + bytes.readUInt32BE(at + 3);
    const key = bytes.toString('latin1', at + headerBytes, keyEnd);
    if (kind === 'put') yield { kind, key, value: bytes.subarray(keyEnd, end) };
    else if (kind === 'clear') yield { kind, key };
    else yield { kind: 'clear_range', begin: key, end: bytes.toString('latin1', keyEnd, end) };
    at = end;
  }
}

function batchBytes(group: readonly WriteSet[]): number {
  let bytes = 0;
  for (const writes of group) {
    for (const { begin, end } of writes.cleared) bytes += headerBytes + begin.length + end.length;
    for (const { key, value } of writes.writes()) bytes += headerBytes + key.length + (value?.length ?? 0);
  }
  return bytes;
}
