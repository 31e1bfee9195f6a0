/** Which class plays which kind of map. */
import type { MapData, MapKind } from "../../../sdk/maps/data.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ArrayMap, PerCpuArrayMap } from "./array.ts";
import { BloomMap } from "./bloom.ts";
import { CpuMap } from "./cpumap.ts";
import { DevMap } from "./devmap.ts";
import { HashMap } from "./hash.ts";
import { LpmMap } from "./lpm.ts";
import type { MapBase } from "./map.ts";
import { ArrayOfMaps, HashOfMaps } from "./map-of-maps.ts";
import { PerCpuHashMap } from "./per-cpu-hash.ts";
import { ProgArrayMap } from "./prog-array.ts";
import { QueueMap } from "./queue.ts";
import { RingBufferMap } from "./ring-buffer.ts";
import { UserRingBufferMap } from "./user-ring-buffer.ts";

const CLASSES: { readonly [K in MapKind]: new (data: MapData, kernel: Kernel) => MapBase } = {
  array: ArrayMap,
  perCpuArray: PerCpuArrayMap,
  hash: HashMap,
  lruHash: HashMap,
  perCpuHash: PerCpuHashMap,
  perCpuLruHash: PerCpuHashMap,
  lpm: LpmMap,
  arrayOfMaps: ArrayOfMaps,
  hashOfMaps: HashOfMaps,
  progArray: ProgArrayMap,
  devmap: DevMap,
  devmapHash: DevMap,
  cpumap: CpuMap,
  queue: QueueMap,
  stack: QueueMap,
  bloom: BloomMap,
  ringBuffer: RingBufferMap,
  userRingBuffer: UserRingBufferMap,
};

export const makeMap = (data: MapData, kernel: Kernel): MapBase => new CLASSES[data.kind](data, kernel);
