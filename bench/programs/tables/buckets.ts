/**
 * Layouts that bpf-lib's table was chosen over: buckets of ways and nothing else, whose oldest way is replaced. They are
 * simpler than it is: no locks, no overflow.
 */
import { array, type FixedArray, type Layout, map, struct, u16, u32, u64 } from "zeta/bpf";
import { spansNow } from "../../../bpf-lib/flow/time.ts";
import { hashOf } from "../../../bpf-lib/flow/ways/key-hash.ts";
import type { Lookup } from "./flows.ts";
import { last, WAYS } from "./ways.ts";

const PAGE = 64;

interface BucketWay {
  readonly key: FixedArray<u64>;
  until: u32;
  decision: u32;
  packets: u64;
  bytes: u64;
}

/** 64 bytes. */
export const wide = struct({
  key: array(u64, 2),
  until: u32,
  decision: u32,
  packets: u64,
  bytes: u64,
  rest: array(u64, 3),
});
/** 32 bytes: what a look-up needs, and in another array the 32 that it then reads and writes. */
export const narrow = struct({ key: array(u64, 2), until: u32, spare: array(u32, 3) });
export const decision = struct({ decision: u32, generation: u32, packets: u64, bytes: u64, rest: u64 });

export interface Buckets {
  readonly associativity: 2 | 4;
  /** Looks first where the hash says, instead of at the bucket's beginning. */
  readonly preferred: boolean;
  /** Begins on a page; or 16 bytes later, as the kernel has it. */
  readonly mapped: boolean;
}

const steps = (associativity: 2 | 4): readonly number[] => (associativity === 2 ? [0, 1] : [0, 1, 2, 3]);

export const bucketLookup = ({ associativity, preferred, mapped }: Buckets): Lookup => {
  const page = struct({ ways: array(wide as unknown as Layout<BucketWay>, PAGE) });
  const pages = map.array({ name: "flows", value: page, max: WAYS / PAGE, mapped });
  return ([first, second], length) => {
    const hash = hashOf([first as u64, second as u64]);
    const home = hash & last.value;
    const ways = pages.at(home / PAGE)?.ways ?? null;
    if (ways === null) return null;
    const start = preferred ? home & (PAGE - 1) : home & (PAGE - associativity);
    const now = spansNow();
    let oldest: u32 = start;
    let least: u32 = 0xffff_ffff;
    for (const step of steps(associativity)) {
      const at = (start ^ step) & (PAGE - 1);
      const way = ways[at] as BucketWay;
      if (way.key[0] === first && way.key[1] === second) {
        way.until = now;
        way.packets += 1n;
        way.bytes += length;
        return way.decision;
      }
      if (way.until < least) {
        least = way.until;
        oldest = at;
      }
    }
    const way = ways[oldest & (PAGE - 1)] as BucketWay;
    way.key[0] = first as u64;
    way.key[1] = second as u64;
    way.until = now;
    way.decision = 1;
    way.packets = 1n;
    way.bytes = length;
    return 1;
  };
};

/** Buckets of four narrow ways in 128 bytes, decisions beside. */
export const narrowLookup = (): Lookup => {
  const pages = map.array({
    name: "flows",
    value: struct({ ways: array(narrow, PAGE) }),
    max: WAYS / PAGE,
    mapped: true,
  });
  const decisions = map.array({
    name: "decisions",
    value: struct({ of: array(decision, PAGE) }),
    max: WAYS / PAGE,
    mapped: true,
  });
  return ([first, second], length) => {
    const home = hashOf([first as u64, second as u64]) & last.value;
    const ways = pages.at(home / PAGE)?.ways ?? null;
    const made = decisions.at(home / PAGE)?.of ?? null;
    if (ways === null || made === null) return null;
    const now = spansNow();
    let oldest: u32 = home & (PAGE - 1);
    let least: u32 = 0xffff_ffff;
    for (const step of [0, 1, 2, 3]) {
      const at = (home ^ step) & (PAGE - 1);
      const way = ways[at] as (typeof ways)[0];
      if (way.key[0] === first && way.key[1] === second) {
        const one = made[at] as (typeof made)[0];
        way.until = now;
        one.packets += 1n;
        one.bytes += length;
        return one.decision;
      }
      if (way.until < least) {
        least = way.until;
        oldest = at;
      }
    }
    const way = ways[oldest & (PAGE - 1)] as (typeof ways)[0];
    const one = made[oldest & (PAGE - 1)] as (typeof made)[0];
    way.key[0] = first as u64;
    way.key[1] = second as u64;
    way.until = now;
    one.decision = 1;
    one.packets = 1n;
    one.bytes = length;
    return 1;
  };
};

/** Pages that begin with a line of tags, 16 bits for each of 62 ways, which tells the way before any is read. */
export const tagLookup = (): Lookup => {
  const page = struct({ tags: array(u16, PAGE), ways: array(wide as unknown as Layout<BucketWay>, PAGE - 2) });
  const pages = map.array({ name: "flows", value: page, max: WAYS / PAGE, mapped: true });
  return ([first, second], length) => {
    const hash = hashOf([first as u64, second as u64]);
    const own = pages.at((hash & last.value) / PAGE);
    if (own === null) return null;
    const tag = u16((hash >> 16) | 1);
    const group = (hash & 15) * 4 > PAGE - 8 ? 0 : (hash & 15) * 4;
    const now = spansNow();
    let oldest: u32 = group;
    let least: u32 = 0xffff_ffff;
    for (const step of [0, 1, 2, 3]) {
      const at = group + step;
      if (own.tags[at & (PAGE - 1)] !== tag) continue;
      const way = own.ways[at];
      if (way !== undefined && way !== null && way.key[0] === first && way.key[1] === second) {
        way.until = now;
        way.packets += 1n;
        way.bytes += length;
        return way.decision;
      }
    }
    for (const step of [0, 1, 2, 3]) {
      const way = own.ways[group + step];
      if (way === undefined || way === null || way.until >= least) continue;
      least = way.until;
      oldest = group + step;
    }
    const way = own.ways[oldest];
    if (way === undefined || way === null) return null;
    own.tags[oldest & (PAGE - 1)] = tag;
    way.key[0] = first as u64;
    way.key[1] = second as u64;
    way.until = now;
    way.decision = 1;
    way.packets = 1n;
    way.bytes = length;
    return 1;
  };
};
