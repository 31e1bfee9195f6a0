/**
 * The end of a decision on a flow-table node (rules 7 and 8 of the table's). Forwarders follow it for as long as their leases
 * last; until then nothing else may be decided for the flow, so that no two packets of one lifetime are treated differently.
 */
import { constant, type u32 as U32, u32 } from "zeta/bpf";
import { turned } from "../flow/ends.ts";
import { FlowState } from "../flow/state.ts";
import type { Entry, Family } from "../flow/table.ts";
import { spansOf } from "../flow/time.ts";
import type { Found } from "../flow/ways.ts";
import { networkOf } from "../route/hop.ts";

/** How long an ended flow's entry stands, in seconds: longer than any lease, and than any packet is under way. The loader sets it. */
export const zeta_table_ended = constant(u32, 8);

export const endedFor = (): U32 => spansOf(zeta_table_ended.value);

/** The entry of a flow's other direction than its client's; none of a flow whose replies go past. */
export const backOf = (family: Family, client: Entry, protocol: number, now: U32): Found<Entry> => {
  const { slot } = client.hop;
  return family.find(family.keyOfEnds(turned(family.endsOf(client)), networkOf(slot), protocol as never), now);
};

/** Both directions stand as ended from now on. */
export const end = (family: Family, client: Entry, protocol: number, now: U32): void => {
  const until = now + endedFor();
  const back = backOf(family, client, protocol, now).way;
  if (back !== null) {
    back.state = FlowState.Ended;
    back.until = until;
  }
  client.state = FlowState.Ended;
  client.until = until;
};

/** Both directions are gone, as if their time were over. */
export const forgetBoth = (family: Family, client: Entry, protocol: number, now: U32): void => {
  const back = backOf(family, client, protocol, now).way;
  if (back !== null) back.until = now;
  client.until = now;
};
