/**
 * Reads and writes maps as bytes. A value of a per-CPU map is the values of all CPUs, one after another, each rounded up
 * to eight bytes, as the kernel copies them.
 */
import { roundUp } from "../../sdk/layout/data.ts";
import { E2BIG, EEXIST, ENOENT, ENOSPC, kernelProblem } from "./errno.ts";
import { library } from "./library.ts";
import type { MapHandle } from "./map-handle.ts";
import { failure, mapFull } from "./problems.ts";

/** Flags of an update: whether the key may, must not, or must exist. */
export const ANY = 0;
export const ONLY_NEW = 1;
export const ONLY_EXISTING = 2;

/** Bytes from one CPU's value to the next. */
export const valueStride = (map: MapHandle): number => (map.copies === 1 ? map.valueSize : roundUp(map.valueSize, 8));

/** Bytes that one look-up fills. */
export const valueBytes = (map: MapHandle): number => valueStride(map) * map.copies;

function refuse(map: MapHandle, operation: string, result: number): never {
  if (result === -E2BIG || result === -ENOSPC) throw failure(mapFull(null, map.name, map.maxEntries));
  throw failure(kernelProblem(`${operation} map '${map.name}'`, result));
}

/** The value, or null when the key is not there. */
export function lookup(map: MapHandle, key: Uint8Array): Uint8Array | null {
  const value = Buffer.alloc(valueBytes(map));
  const result = library().bpf.bpf_map_lookup_elem(map.fd, key, value);
  if (result === -ENOENT) return null;
  return result < 0 ? refuse(map, "read", result) : value;
}

/**
 * Writes a value. Returns false when `flags` forbid it: ONLY_NEW and the key is there, ONLY_EXISTING and it is not.
 * @throws ZT4021 when the map is full.
 */
export function update(map: MapHandle, key: Uint8Array, value: Uint8Array, flags = ANY): boolean {
  const result = library().bpf.bpf_map_update_elem(map.fd, key, value, flags);
  if ((flags === ONLY_NEW && result === -EEXIST) || (flags === ONLY_EXISTING && result === -ENOENT)) return false;
  return result < 0 ? refuse(map, "write", result) : true;
}

/** Returns whether the key was there. */
export function remove(map: MapHandle, key: Uint8Array): boolean {
  const result = library().bpf.bpf_map_delete_elem(map.fd, key);
  if (result === -ENOENT) return false;
  return result < 0 ? refuse(map, "delete from", result) : true;
}

/** The key after `key`, or the first one for null; null at the end. */
export function nextKey(map: MapHandle, key: Uint8Array | null): Uint8Array | null {
  const next = Buffer.alloc(map.keySize);
  const result = library().bpf.bpf_map_get_next_key(map.fd, key, next);
  if (result === -ENOENT) return null;
  return result < 0 ? refuse(map, "walk", result) : next;
}

/**
 * Adds to a queue, stack or bloom filter. Returns false when a queue or stack is full.
 * `replaceOldest` makes room instead.
 */
export function push(map: MapHandle, value: Uint8Array, replaceOldest = false): boolean {
  const result = library().bpf.bpf_map_update_elem(map.fd, null, value, replaceOldest ? ONLY_EXISTING : ANY);
  if (result === -E2BIG) return false;
  return result < 0 ? refuse(map, "push to", result) : true;
}

/** Takes the next value of a queue or stack; null when it is empty. */
export function pop(map: MapHandle): Uint8Array | null {
  const value = Buffer.alloc(map.valueSize);
  const result = library().bpf.bpf_map_lookup_and_delete_elem(map.fd, null, value);
  if (result === -ENOENT) return null;
  return result < 0 ? refuse(map, "pop from", result) : value;
}

/** The next value of a queue or stack, left there; null when it is empty. */
export function peek(map: MapHandle): Uint8Array | null {
  const value = Buffer.alloc(map.valueSize);
  const result = library().bpf.bpf_map_lookup_elem(map.fd, null, value);
  if (result === -ENOENT) return null;
  return result < 0 ? refuse(map, "peek into", result) : value;
}

/** Whether a bloom filter may hold the value; false means that it certainly does not. */
export function mayContain(map: MapHandle, value: Uint8Array): boolean {
  const result = library().bpf.bpf_map_lookup_elem(map.fd, null, Buffer.from(value));
  if (result === -ENOENT) return false;
  return result < 0 ? refuse(map, "ask", result) : true;
}
