/**
 * What a flow-table node keeps of a flow beside its two entries, by the index of its client's: its version, and what of its
 * decision entries do not hold.
 */
import { address, atomic, map, type Of, struct, type u32 as U32, type u64 as U64, u16, u32, u64 } from "zeta/bpf";
import type { Family } from "../flow/table.ts";

export const keptRecord = struct({
  /** See version.ts; 0 for none. */
  version: u64,
  place: address,
  placeVni: u32,
  /** Serial number of the entry that it is of: what an entry before it has left says nothing. Of the flow's other entries, this and the bucket alone. */
  serial: u32,
  /** Of what is brought to members that have not everything: the last of them acknowledged it under this number (transfer.ts). */
  brought: u32,
  bucket: u16,
});
export type Kept = Of<typeof keptRecord>;

/** As many as the flow tables have ways: the loader sets both. Agents look them through. */
const WAYS = 131_072;
const kept4 = map.array({ name: "zeta_table_kept4", value: keptRecord, max: WAYS, mapped: true });
const kept6 = map.array({ name: "zeta_table_kept6", value: keptRecord, max: WAYS, mapped: true });

export const keptAt = (family: Family, index: U32): Kept | null => (family.isIpv4 ? kept4.at(index) : kept6.at(index));

/** The version of a flow whose client's entry this is; 0 when it has none yet. */
export const versionOf = (kept: Kept, serial: U32): U64 => (kept.serial === serial ? kept.version : 0n);

/** Takes a version over that is newer than what stands; false when that is as new. */
export const renewVersion = (kept: Kept, version: U64): boolean => {
  const before = kept.version;
  // Another CPU that is ahead with a newer one has this as good as done.
  return version > before && atomic.compareExchange(kept, "version", before, version) === before;
};
