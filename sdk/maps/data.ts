/** What a map is, as plain data: what the compiler emits, the loader creates and the interpreter emulates. */
import type { LayoutData } from "../layout/data.ts";

export type MapKind =
  | "hash"
  | "lruHash"
  | "array"
  | "perCpuHash"
  | "perCpuLruHash"
  | "perCpuArray"
  | "lpm"
  | "arrayOfMaps"
  | "hashOfMaps"
  | "progArray"
  | "devmap"
  | "devmapHash"
  | "cpumap"
  | "queue"
  | "stack"
  | "bloom"
  | "ringBuffer"
  | "userRingBuffer";

export interface MapData {
  /** A C identifier of at most 63 characters; the kernel keeps the first 15 as the map's own name. */
  readonly name: string;
  readonly kind: MapKind;
  /** null for queue, stack, bloom and ring buffers. LPM: struct { prefixLength: u32 (host order); then the key bytes, network order }. */
  readonly key: LayoutData | null;
  /** null for ring buffers. Maps of maps, progArray: u32. devmap: u32 interface, or { interface: u32, program: u32 }. */
  readonly value: LayoutData | null;
  /** Ring buffers: bytes, a power of two and a multiple of 4096. */
  readonly maxEntries: number;
  /** BPF_F_* flags; LPM always has BPF_F_NO_PREALLOC (1). Bloom: none; hash functions in `extra`. */
  readonly flags: number;
  /** Bloom: number of hash functions (1 to 15). */
  readonly extra: number;
  /** Of a map of maps: the shape of every inner map (its name is only a label). */
  readonly inner: MapData | null;
}

/** `enum bpf_map_type` of linux/bpf.h. */
export const MAP_TYPE: Readonly<Record<MapKind, number>> = {
  hash: 1,
  array: 2,
  progArray: 3,
  perCpuHash: 5,
  perCpuArray: 6,
  lruHash: 9,
  perCpuLruHash: 10,
  lpm: 11,
  arrayOfMaps: 12,
  hashOfMaps: 13,
  devmap: 14,
  cpumap: 16,
  queue: 22,
  stack: 23,
  devmapHash: 25,
  ringBuffer: 27,
  bloom: 30,
  userRingBuffer: 31,
};
