/**
 * The end of a decision on a flow-table node (rules 7 to 9 of the table's). Forwarders follow it for as long as their leases last; until
 * then nothing else may be decided for the flow, so that no two packets of one lifetime are treated differently. What idles needs no
 * telling: leases are granted in the first fifth of a life only (docs/decisions/0103-an-end-stands-until-all-have-heard.md).
 */
import { constant, i32, type u32 as U32, type u8, u32 } from "zeta/bpf";
import { turned } from "../flow/ends.ts";
import { FlowState, idleOf } from "../flow/state.ts";
import type { Entry, Family } from "../flow/table.ts";
import { spansOf } from "../flow/time.ts";
import type { Found } from "../flow/ways.ts";
import { networkOf } from "../route/hop.ts";

/** How long an ended flow's entry stands, in seconds: longer than any lease, and than any packet is under way. The loader sets it. */
export const zeta_table_ended = constant(u32, 8);

export const endedFor = (): U32 => spansOf(zeta_table_ended.value);

/** When nobody follows a decision any more, whoever has not heard of its end: a fifth of its life has passed since its last packet, and that time. */
const restsFrom = ({ state, until }: Entry, protocol: u8): U32 => {
  const idle = idleOf(protocol, state);
  return until - idle + idle / 5 + endedFor();
};

/** Whether nobody follows a decision that stands, and has not ended: any other may take its place. */
export const hasRested = (way: Entry, protocol: u8, now: U32): boolean =>
  way.state !== FlowState.Ended && i32(now - restsFrom(way, protocol)) >= 0;

/** The entry of a flow's other direction than its client's; none of a flow whose replies go past. */
export const backOf = (family: Family, client: Entry, protocol: u8, now: U32): Found<Entry> => {
  const { slot } = client.hop;
  return family.find(family.keyOfEnds(turned(family.endsOf(client)), networkOf(slot), protocol), now);
};

/** Whether a lease that is granted now, whatever the flow's age, is over before its entry is. */
export const mayLease = ({ state, until }: Entry, now: U32): boolean =>
  state !== FlowState.Ended && i32(until - now - endedFor()) > 0;

/**
 * Until when an entry stands that ends now, for as long as not all of its path are known to have heard: others may have missed it, and
 * grant leases yet.
 */
export const endsAt = (client: Entry, protocol: u8, now: U32): U32 => {
  const soon = now + endedFor();
  const rests = restsFrom(client, protocol);
  return client.state !== FlowState.Ended && i32(rests - soon) > 0 ? rests : soon;
};

/** Whether an end is to be told again: not all of the path are known to have heard, and leases may be granted yet. */
export const isUntold = ({ state, until }: Entry, now: U32): boolean =>
  state === FlowState.Ended && i32(until - now - endedFor()) > 0;

/** Both directions stand as ended from now on, until then. */
export const endUntil = (family: Family, client: Entry, protocol: u8, until: U32, now: U32): void => {
  const back = backOf(family, client, protocol, now).way;
  if (back !== null) {
    back.state = FlowState.Ended;
    back.until = until;
  }
  client.state = FlowState.Ended;
  client.until = until;
};

export const end = (family: Family, client: Entry, protocol: u8, now: U32): void =>
  endUntil(family, client, protocol, endsAt(client, protocol, now), now);

/** Both directions are gone, as if their time were over. */
export const forgetBoth = (family: Family, client: Entry, protocol: u8, now: U32): void => {
  const back = backOf(family, client, protocol, now).way;
  if (back !== null) back.until = now;
  client.until = now;
};
