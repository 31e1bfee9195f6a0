/**
 * How long ago a forwarder asked, at the flow-table node that its operation comes to. Each operation says when its packet came, by its
 * forwarder's own clock, which agrees with nobody's. But it cannot come before it was sent, and no clock is twice as fast as another: so each
 * that comes says for ever after what that clock shows at least, and what at most. What is older than it may be goes back to its forwarder,
 * which knows its own clock, and asks again if the packet is its own of just now
 * (docs/decisions/0107-questions-have-an-age.md).
 */
import { constant, i32, map, struct, type u32 as U32, u32, u64 } from "zeta/bpf";
import { spansNow, spansOf } from "../flow/time.ts";
import { ASKED_BACK, type OperationRecord } from "./operation.ts";
import { MOST_MEMBERS } from "./view.ts";

/**
 * For how long after a packet has left a forwarder, in seconds, the forwarder acts upon what comes back for it, and flow-table nodes upon what
 * it asks: no longer than any lease, and than what has ended stands on flow-table nodes. Whatever comes later was given up, or is a copy
 * that somebody kept. The loader sets it.
 */
export const zeta_table_resend = constant(u32, 4);
export const resendAge = (): U32 => spansOf(zeta_table_resend.value);

/** Of each forwarder, the operation that says most about its clock, in one word so that several CPUs may write it. */
const clockRecord = struct({
  /** 0 for none yet. The higher half: when it was sent, by its forwarder. The lower: when it came, in 31 bits, and a one. */
  told: u64,
});
export const zeta_table_clocks = map.array({ value: clockRecord, max: MOST_MEMBERS });

/** Times of this node that have a bit less than others. */
const TIME = ASKED_BACK - 1;
/** Spans, a year of them: nothing is told any more. */
const LONG = 0x2000_0000;

/** Says in an operation that goes back when it did. It comes again with that, and shows so that it is not older. */
export const askedBackNow = (): U32 => u32(ASKED_BACK | (spansNow() & TIME));

/**
 * Whether an operation may be older than the packets of forwarders get, as far as its node can tell.
 * @param again what `askedBackNow` has said, if it comes again with that
 */
export const isInDoubt = ({ forwarder, sent }: OperationRecord, again: U32): boolean => {
  const clock = zeta_table_clocks.at(forwarder);
  if (clock === null) return false;
  // Read before the time is, so that none has come later than now.
  const { told } = clock;
  const now = spansNow();
  const age = resendAge();
  const passed: U32 = (now - (u32(told) >>> 1)) & TIME;
  const since: U32 = sent - u32(told >> 32n);
  // By how much it was sent after what the slowest clock would show by now, and before what the fastest would.
  const afterSlowest: U32 = since - passed / 2;
  const beforeFastest: U32 = 2 * passed - since;
  const isKnown = told !== 0n;
  const isLikely = passed < LONG && i32(afterSlowest + age) >= 0 && i32(beforeFastest + age) >= 0;
  if (isKnown && isLikely && i32(afterSlowest) <= 0) return false;
  const hasAsked = (again & ASKED_BACK) !== 0 && ((now - again) & TIME) <= age;
  if (isKnown && !isLikely && !hasAsked) return true;
  clock.told = (u64(sent) << 32n) | u64(((now & TIME) << 1) | 1);
  return false;
};
