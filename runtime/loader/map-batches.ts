/** Many entries at once: by the kernel's batch calls, or one by one where the map's kind has none. */
import { E2BIG, EINVAL, ENOENT, ENOSPC, ENOTSUPP, EOPNOTSUPP, kernelProblem } from "./errno.ts";
import { library } from "./library.ts";
import type { MapHandle } from "./map-handle.ts";
import { ANY, lookup, nextKey, remove, update, valueBytes } from "./map-operations.ts";
import { failure, mapFull } from "./problems.ts";
import { cStruct, options } from "./structs.ts";

/** One entry's bytes, as `lookup` and `update` have them. */
export interface RawEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const OPTIONS_BYTES = 24;
/** Bounds the memory of one call; larger batches gain nothing measurable. */
const BATCH_BYTES = 1 << 20;
const MOST = 1 << 16;

const batchEntries = (map: MapHandle): number =>
  Math.max(1, Math.min(MOST, map.maxEntries, Math.floor(BATCH_BYTES / (map.keySize + valueBytes(map)))));

/** The errnos by which kernels say that this kind of map has no batches. EINVAL is what those before 6.x say for some. */
const hasNone = (result: number): boolean => result === -ENOTSUPP || result === -EOPNOTSUPP || result === -EINVAL;

const withFlags = (flags: number): Buffer => options(OPTIONS_BYTES).u64(8, flags).bytes;

function* slices<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** Lays equal-sized parts side by side. */
function joined(parts: readonly Uint8Array[], size: number): Buffer {
  const bytes = Buffer.alloc(parts.length * size);
  parts.forEach((part, index) => {
    bytes.set(part, index * size);
  });
  return bytes;
}

/** Entries side by side: `count` keys, and as many values. */
export interface PackedEntries {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

/**
 * Writes entries in order. Not atomic: when it throws, those before the refused one are written.
 * @throws ZT4021 when the map is full.
 */
export function updatePacked(map: MapHandle, { count, keys, values }: PackedEntries): void {
  const size = batchEntries(map);
  const part = (all: Uint8Array, of: number, from: number, to: number) => all.subarray(from * of, to * of);
  for (let at = 0; at < count; at += size) {
    const end = Math.min(at + size, count);
    const someKeys = part(keys, map.keySize, at, end);
    const someValues = part(values, valueBytes(map), at, end);
    const length = cStruct(4).u32(0, end - at).bytes;
    const result = library().bpf.bpf_map_update_batch(map.fd, someKeys, someValues, length, withFlags(ANY));
    if (result >= 0) continue;
    if (result === -E2BIG || result === -ENOSPC) throw failure(mapFull(null, map.name, map.maxEntries));
    if (!hasNone(result)) throw failure(kernelProblem(`write map '${map.name}'`, result));
    // Whatever the batch has written is written again, with the same content.
    for (let i = at; i < end; i++)
      update(map, part(keys, map.keySize, i, i + 1), part(values, valueBytes(map), i, i + 1));
  }
}

/** The same for entries that lie apart. */
export function updateMany(map: MapHandle, entries: readonly RawEntry[]): void {
  for (const slice of slices(entries, batchEntries(map))) {
    const keys = slice.map((entry) => entry.key);
    const values = slice.map((entry) => entry.value);
    updatePacked(map, {
      count: slice.length,
      keys: joined(keys, map.keySize),
      values: joined(values, valueBytes(map)),
    });
  }
}

function removeSlice(map: MapHandle, keys: readonly Uint8Array[]): number {
  let removed = 0;
  for (let rest = keys; rest.length > 0; ) {
    const count = cStruct(4).u32(0, rest.length).bytes;
    const result = library().bpf.bpf_map_delete_batch(map.fd, joined(rest, map.keySize), count, withFlags(0));
    if (hasNone(result)) return removed + rest.filter((key) => remove(map, key)).length;
    if (result < 0 && result !== -ENOENT) throw failure(kernelProblem(`delete from map '${map.name}'`, result));
    // A batch stops at the first key that is not there: go on after it.
    const done = result < 0 ? count.readUInt32LE(0) : rest.length;
    removed += done;
    rest = rest.slice(done + 1);
  }
  return removed;
}

/** Deletes keys; those that are not there are passed over. Returns how many were there. */
export function removeMany(map: MapHandle, keys: readonly Uint8Array[]): number {
  let removed = 0;
  for (const slice of slices(keys, batchEntries(map))) removed += removeSlice(map, slice);
  return removed;
}

/** Walks key by key. Deletions meanwhile can lead back to the start: a key seen before ends the walk. */
function* walkOneByOne(map: MapHandle): Generator<RawEntry> {
  const seen = new Set<string>();
  for (let key = nextKey(map, null); key !== null; key = nextKey(map, key)) {
    const name = Buffer.from(key).toString("latin1");
    if (seen.has(name)) return;
    seen.add(name);
    const value = lookup(map, key);
    if (value !== null) yield { key, value };
  }
}

function* entriesOf(map: MapHandle, keys: Buffer, values: Buffer, count: number): Generator<RawEntry> {
  const size = valueBytes(map);
  for (let index = 0; index < count; index++) {
    yield {
      key: keys.subarray(index * map.keySize, (index + 1) * map.keySize),
      value: values.subarray(index * size, (index + 1) * size),
    };
  }
}

/**
 * All entries, read in batches as the iteration goes on. A map that programs change meanwhile gives each entry that
 * stays at least once where the kind has batches; those that come or go may or may not be among them.
 */
export function* walk(map: MapHandle): Generator<RawEntry> {
  const cursorBytes = Math.max(map.keySize, 4);
  let from: Buffer | null = null;
  let size = batchEntries(map);
  for (;;) {
    const to = Buffer.alloc(cursorBytes);
    const keys = Buffer.alloc(size * map.keySize);
    const values = Buffer.alloc(size * valueBytes(map));
    const count = cStruct(4).u32(0, size).bytes;
    const result = library().bpf.bpf_map_lookup_batch(map.fd, from, to, keys, values, count, withFlags(0));
    if (result === -ENOSPC) {
      // One bucket of a hash holds more than the batch has room for.
      size *= 2;
      continue;
    }
    if (hasNone(result) && from === null) return yield* walkOneByOne(map);
    if (result < 0 && result !== -ENOENT) throw failure(kernelProblem(`read map '${map.name}'`, result));
    yield* entriesOf(map, keys, values, count.readUInt32LE(0));
    if (result === -ENOENT) return;
    from = to;
  }
}
