/** Maps from keys to values: hashes, arrays, LPM tries, device and CPU maps, and their per-CPU forms. */
import { removeMany, updateMany, walk } from "../loader/map-batches.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { ANY, lookup, ONLY_EXISTING, ONLY_NEW, remove, update } from "../loader/map-operations.ts";
import type { Codec } from "./codec.ts";

/**
 * `K` and `V` as reads give them; `Given` as writes and look-ups also take them (text of addresses and prefixes).
 * Reads are copies: changing what was read does not change the map.
 */
export interface KeyedMap<K, V, Given = K> extends Iterable<readonly [K, V]> {
  readonly handle: MapHandle;
  get(key: Given): V | null;
  has(key: Given): boolean;
  /** `when`: always (default), only a new key, or only one that is there. Returns whether it was written. */
  set(key: Given, value: V, when?: "always" | "new" | "existing"): boolean;
  /** Writes many entries in few calls, in order; not atomic. @throws ZT4021 when the map is full. */
  setMany(entries: Iterable<readonly [Given, V]>): void;
  /** Returns whether the key was there. Arrays cannot delete. */
  delete(key: Given): boolean;
  /** Returns how many of the keys were there. */
  deleteMany(keys: Iterable<Given>): number;
  /** Deletes every entry; those that programs add meanwhile may stay. */
  clear(): void;
  entries(): IterableIterator<readonly [K, V]>;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
  /** Counts the entries by walking them. */
  count(): number;
}

const WHEN = { always: ANY, new: ONLY_NEW, existing: ONLY_EXISTING } as const;

/** A keyed map over a handle; `given` encodes what callers give as keys. */
export function keyedOver<K, V, Given>(
  handle: MapHandle,
  key: Codec<K>,
  value: Codec<V>,
  given: (key: Given) => Uint8Array,
): KeyedMap<K, V, Given> {
  function* entries(): IterableIterator<readonly [K, V]> {
    for (const entry of walk(handle)) yield [key.decode(entry.key), value.decode(entry.value)];
  }
  function* keys(): IterableIterator<K> {
    for (const entry of walk(handle)) yield key.decode(entry.key);
  }
  function* values(): IterableIterator<V> {
    for (const entry of walk(handle)) yield value.decode(entry.value);
  }
  return {
    handle,
    get(one) {
      const bytes = lookup(handle, given(one));
      return bytes === null ? null : value.decode(bytes);
    },
    has: (one) => lookup(handle, given(one)) !== null,
    set: (one, content, when = "always") => update(handle, given(one), value.encode(content), WHEN[when]),
    setMany: (all) =>
      updateMany(
        handle,
        Array.from(all, ([one, content]) => ({ key: given(one), value: value.encode(content) })),
      ),
    delete: (one) => remove(handle, given(one)),
    deleteMany: (all) => removeMany(handle, Array.from(all, given)),
    clear() {
      removeMany(
        handle,
        Array.from(walk(handle), (entry) => entry.key),
      );
    },
    entries,
    keys,
    values,
    count() {
      let entries = 0;
      for (const _ of walk(handle)) entries += 1;
      return entries;
    },
    [Symbol.iterator]: entries,
  };
}
