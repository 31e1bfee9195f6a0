/** Maps of maps: the way to replace a whole table at once under running programs. */
import type { MapData } from "../../sdk/maps/data.ts";
import { createMapNow } from "../loader/map-create.ts";
import { type MapHandle, openMapById } from "../loader/map-handle.ts";
import { lookup, remove, update } from "../loader/map-operations.ts";
import type { Codec } from "./codec.ts";

export interface MapOfMaps<K, Inner> {
  readonly handle: MapHandle;
  /** Number of the inner map at a key, or null. */
  get(key: K): number | null;
  /** Opens the inner map at a key by its number (needs CAP_SYS_ADMIN), or null. Close its handle. */
  open(key: K): Promise<Inner | null>;
  /** Puts a map that was made by `create` at a key. The outer map keeps it from then on. */
  set(key: K, inner: MapHandle): void;
  delete(key: K): boolean;
  /** A new inner map of the declared shape. `maxEntries` may differ where the kind allows (hashes). Close its handle. */
  create(options?: { readonly maxEntries?: number }): Inner;
  /**
   * Makes a new inner map, lets `fill` write it, and puts it in the old one's place: programs see all of the old table
   * or all of the new one. When `fill` throws, the old one stays.
   */
  swap(key: K, fill: (inner: Inner) => void): void;
}

export function nestedOver<K, Inner extends { readonly handle: MapHandle }>(
  handle: MapHandle,
  shape: MapData,
  key: Codec<K>,
  typed: (handle: MapHandle, data: MapData) => Inner,
): MapOfMaps<K, Inner> {
  const create = (options: { readonly maxEntries?: number } = {}): Inner =>
    typed(createMapNow({ ...shape, maxEntries: options.maxEntries ?? shape.maxEntries }, handle.inner), shape);
  const set = (at: K, inner: MapHandle): void => {
    const fd = Buffer.alloc(4);
    fd.writeUInt32LE(inner.fd);
    update(handle, key.encode(at), fd);
  };
  const get = (at: K): number | null => {
    const id = lookup(handle, key.encode(at));
    return id === null ? null : Buffer.from(id).readUInt32LE(0);
  };
  return {
    handle,
    get,
    set,
    create,
    async open(at) {
      const id = get(at);
      return id === null ? null : typed(await openMapById(id), shape);
    },
    delete: (at) => remove(handle, key.encode(at)),
    swap(at, fill) {
      const inner = create();
      try {
        fill(inner);
        set(at, inner.handle);
      } finally {
        inner.handle.close();
      }
    },
  };
}
