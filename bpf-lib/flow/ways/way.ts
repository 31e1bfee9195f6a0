/** A way: the place of one flow. What the table itself keeps there is told here; the rest is its owner's. */
import { array, type FixedArray, u8, u16, u32, u64 } from "zeta/bpf";
import { LONGEST_IDLE } from "../time.ts";

/** A key as words in the order of memory. It must hold something besides zeros. */
export type Key = readonly u64[];

export interface Way {
  /** Compared whole. */
  readonly key: FixedArray<u64>;
  /** The time, in spans, until which the flow lives. */
  until: u32;
  /** Counted up when the way is begun and when it is done being written: odd meanwhile. */
  serial: u16;
  /**
   * Of the keys whose homes have this way's place in their regions. Low four bits: which ways of this region hold one.
   * High four: how many have gone on to later regions of their sequences; 15 stays.
   */
  directory: u8;
}

/** The fields with which a way's layout begins, for a key of so many words. All zero: a way that was never used. */
export const wayFields = (words: number) => ({
  key: array(u64, words),
  until: u32,
  serial: u16,
  directory: u8,
});

/** Whether a way's flow lives. What was never used, or was removed, has lived until 0. */
export const lives = (until: u32, now: u32): boolean => until - now - 1 < LONGEST_IDLE;

export const sameKey = (way: Way, key: Key): boolean => {
  let difference: u64 = 0n;
  key.forEach((word, i) => {
    difference |= (way.key[i] as u64) ^ word;
  });
  return difference === 0n;
};

/** The keys of a directory that have gone on. */
export const passedOf = (directory: u8): u32 => directory >> 4;

/** No way's index. */
export const NOWHERE = 0xffff_ffff;
