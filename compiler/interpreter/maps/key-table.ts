/**
 * Finds slots by byte keys: a chained hash table over flat arrays. Slots are small integers that stay while a key is
 * in; freed slots are taken again last-in first-out, as the kernel's preallocated free lists do.
 */
const ABSENT = -1;
const FIRST_CAPACITY = 16;

const words = (from: Int32Array, length: number): Int32Array<ArrayBuffer> => {
  const to = new Int32Array(length).fill(ABSENT);
  to.set(from);
  return to;
};

export class KeyTable {
  readonly keySize: number;
  /** Keys present. */
  count = 0;
  #stride: number;
  #heads = new Int32Array(FIRST_CAPACITY).fill(ABSENT);
  #next = new Int32Array(FIRST_CAPACITY).fill(ABSENT);
  #hashes = new Int32Array(FIRST_CAPACITY);
  #present = new Uint8Array(FIRST_CAPACITY);
  #keys: DataView;
  #free: number[] = [];
  #used = 0;

  constructor(keySize: number) {
    this.keySize = keySize;
    this.#stride = Math.ceil(keySize / 4) * 4;
    this.#keys = new DataView(new ArrayBuffer(FIRST_CAPACITY * this.#stride));
  }

  /** Slots ever used: valid ones are below. */
  get slots(): number {
    return this.#used;
  }

  has(slot: number): boolean {
    return this.#present[slot] === 1;
  }

  #hash(view: DataView, at: number): number {
    let hash = this.keySize;
    let i = 0;
    for (; i + 4 <= this.keySize; i += 4) {
      hash = Math.imul(hash ^ view.getUint32(at + i, true), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (; i < this.keySize; i++) hash = Math.imul(hash ^ view.getUint8(at + i), 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }

  #equal(slot: number, view: DataView, at: number): boolean {
    const own = slot * this.#stride;
    let i = 0;
    for (; i + 4 <= this.keySize; i += 4) {
      if (this.#keys.getUint32(own + i, true) !== view.getUint32(at + i, true)) return false;
    }
    for (; i < this.keySize; i++) if (this.#keys.getUint8(own + i) !== view.getUint8(at + i)) return false;
    return true;
  }

  /** Slot of a key, or -1. */
  find(view: DataView, at: number): number {
    const hash = this.#hash(view, at);
    let slot = this.#heads[hash & (this.#heads.length - 1)] as number;
    while (slot !== ABSENT) {
      if (this.#hashes[slot] === hash && this.#equal(slot, view, at)) return slot;
      slot = this.#next[slot] as number;
    }
    return ABSENT;
  }

  /** Adds a key that is not in. */
  add(view: DataView, at: number): number {
    const slot = this.#free.pop() ?? this.#used++;
    if (slot >= this.#hashes.length) this.#grow();
    for (let i = 0; i < this.keySize; i++) this.#keys.setUint8(slot * this.#stride + i, view.getUint8(at + i));
    this.#hashes[slot] = this.#hash(view, at);
    this.#present[slot] = 1;
    this.#link(slot);
    this.count++;
    return slot;
  }

  remove(slot: number): void {
    const bucket = (this.#hashes[slot] as number) & (this.#heads.length - 1);
    const after = this.#next[slot] as number;
    if (this.#heads[bucket] === slot) {
      this.#heads[bucket] = after;
    } else {
      let before = this.#heads[bucket] as number;
      while (this.#next[before] !== slot) before = this.#next[before] as number;
      this.#next[before] = after;
    }
    this.#present[slot] = 0;
    this.#free.push(slot);
    this.count--;
  }

  key(slot: number): Uint8Array {
    const at = slot * this.#stride;
    return new Uint8Array(this.#keys.buffer as ArrayBuffer).slice(at, at + this.keySize);
  }

  #link(slot: number): void {
    const bucket = (this.#hashes[slot] as number) & (this.#heads.length - 1);
    this.#next[slot] = this.#heads[bucket] as number;
    this.#heads[bucket] = slot;
  }

  #grow(): void {
    const capacity = this.#hashes.length * 2;
    const keys = new Uint8Array(capacity * this.#stride);
    keys.set(new Uint8Array(this.#keys.buffer as ArrayBuffer));
    this.#keys = new DataView(keys.buffer);
    this.#hashes = words(this.#hashes, capacity);
    this.#next = words(this.#next, capacity);
    const present = new Uint8Array(capacity);
    present.set(this.#present);
    this.#present = present;
    this.#heads = new Int32Array(capacity).fill(ABSENT);
    for (let slot = 0; slot < this.#used; slot++) if (present[slot] === 1) this.#link(slot);
  }
}
