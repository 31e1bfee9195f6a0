/**
 * Entries that were sent along a chain long ago, and come again: whoever recorded one on its way can send it later, and its tag
 * is good. A head numbers what it sends, so that each node knows by which number of a bucket nothing can be under way any more
 * (docs/decisions/0100-what-was-said-long-ago.md).
 */
import { atomic, map, struct, type u32 as U32, type u64 as U64, u32, u64 } from "zeta/bpf";
import { spansNow } from "../flow/time.ts";
import { BUCKETS } from "./bucket.ts";
import { endedFor } from "./ended.ts";

const pastRecord = struct({
  /** When the turn began in which versions are noted as `newest`, in spans. */
  since: u32,
  /** The greatest version of this turn and all before it, of those before, and of those before these. */
  newest: u64,
  before: u64,
  past: u64,
});
export const zeta_table_past = map.array({ value: pastRecord, max: BUCKETS });

/**
 * A turn is a quarter of the time for which what has ended stands: longer than an entry is under way, and two of them are over
 * long before an entry that has ended goes, after which a copy of it would be stored.
 */
const turn = (): U32 => endedFor() / 4;

/**
 * Notes the version of an entry that has come along a chain. True when one at least as new had come more than a turn ago; it is true
 * two turns after that at the latest. A bucket has one head in an epoch, so that its versions are in the order of their making.
 */
export const isPast = (bucket: U32, version: U64): boolean => {
  const record = zeta_table_past.at(bucket & (BUCKETS - 1));
  if (record === null) return true;
  const now = spansNow();
  const { since } = record;
  const passed: U32 = now - since;
  // One CPU begins a turn.
  if (passed >= turn() && atomic.compareExchange(record, "since", since, now) === since) {
    record.past = passed >= 2 * turn() ? record.newest : record.before;
    record.before = record.newest;
  }
  if (version <= record.past) return true;
  if (version > record.newest) record.newest = version;
  return false;
};
