/** Counters and meters of all middleboxes share one per-CPU array each, by index. */
import { map, struct, type u64 as U64, type u32, u64 } from "zeta/bpf";

export const zeta_counters = map.perCpuArray({ value: struct({ count: u64 }), max: 256 });
export const zeta_meters = map.perCpuArray({ value: struct({ packets: u64, bytes: u64 }), max: 64 });
export const zeta_drops = map.perCpuArray({ value: struct({ count: u64 }), max: 256 });

export const openCounter = (index: u32) => ({
  add(count: U64) {
    const share = zeta_counters.at(index);
    if (share !== null) share.count += count;
  },
});

export const openMeter = (index: u32) => ({
  count(bytes: u32) {
    const share = zeta_meters.at(index);
    if (share === null) return;
    share.packets += 1n;
    share.bytes += u64(bytes);
  },
});

/** Counts a packet dropped for a reason. */
export const countDrop = (reason: u32): void => {
  const share = zeta_drops.at(reason);
  if (share !== null) share.count += 1n;
};
