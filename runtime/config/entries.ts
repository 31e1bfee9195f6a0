/** Keys and values of a map as they lie in it, side by side: hundreds of thousands are two buffers, not as many objects. */

export interface Entries {
  readonly count: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

export interface EntryWriter {
  /** Where the next key and value begin in `keys` and `values`; both zeroed. */
  readonly keyAt: number;
  readonly valueAt: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  /** Keeps what was written there. */
  next(): void;
  finish(): Entries;
}

export function writeEntries(capacity: number, keySize: number, valueSize: number): EntryWriter {
  const keys = new Uint8Array(capacity * keySize);
  const values = new Uint8Array(capacity * valueSize);
  let count = 0;
  return {
    keys,
    values,
    get keyAt() {
      return count * keySize;
    },
    get valueAt() {
      return count * valueSize;
    },
    next() {
      count += 1;
    },
    finish: () => ({
      count,
      keySize,
      valueSize,
      keys: keys.subarray(0, count * keySize),
      values: values.subarray(0, count * valueSize),
    }),
  };
}

/** One by one, as views. */
export function* eachEntry({ count, keySize, valueSize, keys, values }: Entries) {
  for (let i = 0; i < count; i++) {
    const key = keys.subarray(i * keySize, (i + 1) * keySize);
    yield { key, value: values.subarray(i * valueSize, (i + 1) * valueSize) };
  }
}
