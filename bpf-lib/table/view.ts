/**
 * The view that this node acts by: who keeps which bucket, and where the others are. Its agent writes it. A view is in one
 * of two slots, by its epoch's lowest bit, and the epoch is written last: a packet sees one view only.
 */
import { array, type Frame, i32, mac, map, type Of, struct, u8, u16, u32, u64 } from "zeta/bpf";
import { BUCKETS } from "./bucket.ts";

/** The longest chain while it is repaired: complete members, then joiners (rule 4 of the table's). */
export const MOST_PLACES = 8;
export const MOST_MEMBERS = 4096;
const MOST_SIDES = 4;

export const viewRecord = struct({
  epoch: u32,
  /** The node's own number; 0 for one that is in no cluster. */
  self: u32,
  /** In spans: from then on it acts no more by this view, which another may have taken the place of; 0 for as long as it has it. */
  until: u32,
  /** Its address on the cluster's side, in memory order. */
  address: u32,
  /** Interfaces of the cluster's side, by index; 0 for none. */
  sides: array(u32, MOST_SIDES),
});
export type View = Of<typeof viewRecord>;
export const zeta_table_view = map.array({ value: viewRecord, max: 1 });

/** Whether a packet comes from an interface of the cluster's side. */
export const isOurSide = ({ ingressInterface: by }: Frame): boolean => {
  const view = zeta_table_view.at(0);
  if (view === null || view.self === 0) return false;
  const { sides } = view;
  return by === sides[0] || by === sides[1] || by === sides[2] || by === sides[3];
};

/** A bucket's write path. */
export const pathRecord = struct({
  /** Complete members in order, then joiners. */
  members: array(u16, MOST_PLACES),
  /** How many are complete: the first decides, the last of them is read. */
  complete: u8,
  length: u8,
  /**
   * In spans: until then the head takes no flow for a new one, since all that was decided of the bucket is lost, and others may still
   * know of it; 0 where nothing is.
   */
  quiet: u32,
});
export type Path = Of<typeof pathRecord>;
export const zeta_table_paths = map.array({ value: pathRecord, max: 2 * BUCKETS });

/** Whether a time of these records is over; 0 is none. */
export const isOver = (time: u32, now: u32): boolean => time !== 0 && i32(now - time) >= 0;
/** Whether it is still to come. */
export const isAhead = (time: u32, now: u32): boolean => time !== 0 && i32(now - time) < 0;

export const pathAt = (epoch: u32, bucket: u32): Path | null =>
  zeta_table_paths.at((epoch & 1) * BUCKETS + (bucket & (BUCKETS - 1)));

/** How a member is reached. */
export const memberRecord = struct({
  interface: u32,
  /** In memory order; 0 for nobody. */
  address: u32,
  destination: mac,
  source: mac,
});
export const zeta_table_members = map.array({ value: memberRecord, max: MOST_MEMBERS });

/** Keys of operations' tags, the even one and the odd one; two are good at a time, so that they can be changed. */
export const keyRecord = struct({
  low: array(u64, 2),
  high: array(u64, 2),
  /** Bits: which of them are good. */
  good: u32,
  /** What operations call them by: the lowest bit says which of the two it is, the others tell it from those that were in its place. */
  numbers: array(u8, 2),
  /** Number of the one that this node's own operations are made with. */
  own: u8,
});
export const zeta_table_keys = map.array({ value: keyRecord, max: 1 });
