/** The last bytes of an endless stream, addressed by offset. Holds `capacity` bytes once and for all. */
export class Replay {
  readonly #ring: Uint8Array;
  #end = 0;

  constructor(capacity: number) {
    this.#ring = new Uint8Array(capacity);
  }

  /** Offset just behind the last byte. */
  get end(): number {
    return this.#end;
  }

  /** Offset of the oldest byte still held. */
  get start(): number {
    return Math.max(0, this.#end - this.#ring.length);
  }

  push(bytes: Uint8Array): void {
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#ring.length));
    const at = (this.#end + bytes.length - kept.length) % this.#ring.length;
    const head = kept.subarray(0, this.#ring.length - at);
    this.#ring.set(head, at);
    this.#ring.set(kept.subarray(head.length), 0);
    this.#end += bytes.length;
  }

  /** A copy of the bytes from `offset` to the end; undefined when they are no longer, or not yet, held. */
  from(offset: number): Uint8Array | undefined {
    if (offset < this.start || offset > this.#end) return undefined;
    const bytes = new Uint8Array(this.#end - offset);
    const at = offset % this.#ring.length;
    const head = this.#ring.subarray(at, Math.min(this.#ring.length, at + bytes.length));
    bytes.set(head);
    bytes.set(this.#ring.subarray(0, bytes.length - head.length), head.length);
    return bytes;
  }
}
