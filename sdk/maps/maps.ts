/** The kernel's map types as an author declares and uses them. `max` is the number of entries (ring buffers: bytes). */
import { compiledOnly } from "../compiled.ts";
import type { Layout, u32 } from "../layout/layouts.ts";

/** How `set` treats an existing key: any, only when new, only when it exists. */
export type SetFlag = "any" | "new" | "exists";

export interface KeyedMap<K, V> {
  /** The live value, or null. Reads load, writes store; scalar values are copied. */
  get(key: K): V | null;
  /** False when the kernel refuses (full, or the flag's condition does not hold). */
  set(key: K, value: V, flag?: SetFlag): boolean;
  /** False when there was no such key. */
  delete(key: K): boolean;
}

export interface ArrayMap<V> {
  /** The live value, or null when the index is out of range. */
  at(index: u32): V | null;
  set(index: u32, value: V): boolean;
}

/** Longest-prefix match. Keys are addresses, or structs whose bytes are in network order. */
export interface PrefixMap<K, V> {
  /** The value of the longest prefix that covers `key`, or null. */
  lookup(key: K): V | null;
  set(prefixLength: u32, key: K, value: V): boolean;
  delete(prefixLength: u32, key: K): boolean;
}

export interface MapOfMaps<K, M> {
  get(key: K): M | null;
}

/** Programs by index; the runtime fills it. */
export interface ProgramArray {
  /** Continues in the program at `index` and does not come back; comes back when there is none, or after 33 calls. */
  call(index: u32): void;
}

export interface RedirectMap {
  /** Sends the packet to the entry at `key`; `fallback` is the action when there is none. */
  redirect(key: u32, fallback?: u32): u32;
}

export interface Queue<V> {
  /** False when full, unless `overwrite` drops the oldest. */
  push(value: V, overwrite?: boolean): boolean;
  pop(): V | null;
  peek(): V | null;
}

export interface BloomFilter<V> {
  add(value: V): boolean;
  /** False: certainly never added. True: probably added. */
  has(value: V): boolean;
}

export interface RingBuffer {
  /** A record to fill, or null when the buffer is full. Every path must submit or discard it. */
  reserve<V>(layout: Layout<V>): V | null;
  submit(record: object): void;
  discard(record: object): void;
  /** Copies a whole record; false when the buffer is full. */
  output<V>(layout: Layout<V>, value: NoInfer<V>): boolean;
}

export interface UserRingBuffer {
  /** Runs `each` for the records that user space has sent, until it returns false; gives their number. */
  drain<V>(layout: Layout<V>, each: (record: V) => boolean | void): u32;
}

interface Sized {
  readonly max: number;
  /** The map's name; the name of the constant it is assigned to unless told. */
  readonly name?: string;
}
interface Indexed<V> extends Sized {
  readonly value: Layout<V>;
}
interface Keyed<K, V> extends Indexed<V> {
  readonly key: Layout<K>;
}
interface Mappable {
  /**
   * The first value begins on a page of memory, so that values whose size is a power of two share no more cache lines and
   * pages than they must, and user space may map them (BPF_F_MMAPABLE). The map's memory is rounded up to whole pages.
   */
  readonly mapped?: boolean;
}
/** Of maps of maps: each is shaped like this one. */
interface Inner<M> extends Sized {
  readonly of: M;
}

/** Declares maps. Sizes must be known when compiling; declare maps at the top level of a module. */
export const map = {
  hash: <K, V>(_: Keyed<K, V>): KeyedMap<K, V> => compiledOnly("map.hash"),
  /** Evicts the least recently used entry when full. */
  lruHash: <K, V>(_: Keyed<K, V>): KeyedMap<K, V> => compiledOnly("map.lruHash"),
  perCpuHash: <K, V>(_: Keyed<K, V>): KeyedMap<K, V> => compiledOnly("map.perCpuHash"),
  perCpuLruHash: <K, V>(_: Keyed<K, V>): KeyedMap<K, V> => compiledOnly("map.perCpuLruHash"),
  array: <V>(_: Indexed<V> & Mappable): ArrayMap<V> => compiledOnly("map.array"),
  perCpuArray: <V>(_: Indexed<V>): ArrayMap<V> => compiledOnly("map.perCpuArray"),
  lpm: <K, V>(_: Keyed<K, V>): PrefixMap<K, V> => compiledOnly("map.lpm"),
  /** Inner maps by index, each shaped like `of`; the runtime puts them in and replaces them. */
  arrayOfMaps: <M>(_: Inner<M>): MapOfMaps<u32, M> => compiledOnly("map.arrayOfMaps"),
  hashOfMaps: <K, M>(_: Inner<M> & { readonly key: Layout<K> }): MapOfMaps<K, M> => compiledOnly("map.hashOfMaps"),
  programs: (_: Sized): ProgramArray => compiledOnly("map.programs"),
  devmap: (_: Sized): RedirectMap => compiledOnly("map.devmap"),
  devmapHash: (_: Sized): RedirectMap => compiledOnly("map.devmapHash"),
  cpumap: (_: Sized): RedirectMap => compiledOnly("map.cpumap"),
  queue: <V>(_: Indexed<V>): Queue<V> => compiledOnly("map.queue"),
  stack: <V>(_: Indexed<V>): Queue<V> => compiledOnly("map.stack"),
  bloom: <V>(_: Indexed<V> & { readonly hashes?: number }): BloomFilter<V> => compiledOnly("map.bloom"),
  /** `max` in bytes: a power of two, at least 4096. */
  ringBuffer: (_: Sized): RingBuffer => compiledOnly("map.ringBuffer"),
  userRingBuffer: (_: Sized): UserRingBuffer => compiledOnly("map.userRingBuffer"),
} as const;
