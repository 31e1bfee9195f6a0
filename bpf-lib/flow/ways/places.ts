/**
 * Where a key may stand in a table of ways. A page holds 64 ways, in 16 regions of four. A key has a home way, and a
 * sequence of 48 regions, beginning with its home's: two regions of its first page, two of its second, two of its third,
 * the next two of its first, and so on, so that full pages overflow into others long before the table is full.
 */
import type { u32, u64 } from "zeta/bpf";
import { u32 as toU32, u64 as toU64 } from "zeta/bpf";

export const WAYS = 64;
export const REGION = 4;
const REGIONS = WAYS / REGION;
/** In a sequence. */
export const PLACES = REGIONS * 3;
/** Locks: pages whose numbers have the same low bits share one, and so do all pages of a key's sequence. */
export const STRIPES = 64;
/** A stripe of fewer pages would fill unevenly. */
const PAGES_OF_A_STRIPE = 16;

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15n;

export interface Places {
  /** The home way's index in the table. */
  readonly home: u32;
  /** The three pages. */
  readonly first: u32;
  readonly second: u32;
  readonly third: u32;
  readonly stripe: u32;
}

/** @param last the index of the table's last way: a power of two, less one */
export const placesOf = (hash: u32, last: u32): Places => {
  const home = hash & last;
  const first = home / WAYS;
  const lastPage = last / WAYS;
  const stripes = (lastPage / PAGES_OF_A_STRIPE) & (STRIPES - 1);
  const others = lastPage & ~stripes;
  const spread: u64 = toU64(hash) * SPREAD;
  return {
    home,
    first,
    second: first ^ (toU32(spread >> 32n) & others),
    third: first ^ (toU32(spread >> 42n) & others),
    stripe: first & stripes,
  };
};

/** Which of the three pages the sequence's region `place` lies in: 0, 1, 2. */
export const pageOf = (place: u32): u32 => (place >> 1) % 3;

/** The first way of the sequence's region `place`, within its page. */
export const regionOf = (places: Places, place: u32): u32 =>
  ((places.home / 4 + (place / 6) * 2 + (place & 1)) & (REGIONS - 1)) * 4;
