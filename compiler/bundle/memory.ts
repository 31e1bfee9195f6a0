/** How much kernel memory a bundle's maps take at most: an estimate for people, before anything is loaded. */
import type { MapData, MapKind } from "../../sdk/maps/data.ts";

/** Bytes the kernel adds per entry (bucket, hash node, LPM node …), rounded up from Linux 6.1 to 6.18 on 64-bit machines. */
const PER_ENTRY: Readonly<Record<MapKind, number>> = {
  hash: 64,
  lruHash: 88,
  array: 0,
  perCpuHash: 72,
  perCpuLruHash: 96,
  perCpuArray: 8,
  lpm: 48,
  arrayOfMaps: 8,
  hashOfMaps: 64,
  progArray: 8,
  devmap: 72,
  devmapHash: 80,
  cpumap: 128,
  queue: 0,
  stack: 0,
  bloom: 2,
  ringBuffer: 0,
  userRingBuffer: 0,
};

const PER_CPU: readonly MapKind[] = ["perCpuHash", "perCpuLruHash", "perCpuArray"];
const RINGS: readonly MapKind[] = ["ringBuffer", "userRingBuffer"];
/** Consumer and producer pages and the header of a ring buffer. */
const RING_OVERHEAD = 3 * 4096;

/** What a map takes however small it is. */
const OF_A_MAP = 1024;

const toWord = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Bytes of one map when full, and of all maps in it, on a machine with `cpus` processors. */
export function mapMemory(map: MapData, cpus: number): number {
  if (RINGS.includes(map.kind)) return map.maxEntries + RING_OVERHEAD;
  const value = toWord(map.value?.size ?? 0) * (PER_CPU.includes(map.kind) ? cpus : 1);
  const key = map.kind === "array" || map.kind === "perCpuArray" ? 0 : toWord(map.key?.size ?? 0);
  const inner = map.inner === null ? 0 : mapMemory(map.inner, cpus);
  return OF_A_MAP + map.maxEntries * (key + value + PER_ENTRY[map.kind] + inner);
}

export const mapsMemory = (maps: readonly MapData[], cpus: number): number =>
  maps.reduce((sum, map) => sum + mapMemory(map, cpus), 0);
