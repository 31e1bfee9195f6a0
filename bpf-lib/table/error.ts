/**
 * On a flow-table node: an ICMP error, whose forwarder does not know the flow that it is about. It is no sign of that flow's
 * life, and nothing is decided for it, so the reading node alone is asked; and where the flow of a translated packet may
 * stand in either end's bucket, the reading nodes of both.
 */
import { type Action, program, u16, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { type Family, ipv4Family, ipv6Family, isAcross } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { type Embedded, embeddedKey } from "../icmp/embedded.ts";
import { enterAcross } from "../node/across/enter.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { Affinity, affinityOf, bucketFor, destinationBucket, takesAnswers } from "./affinity.ts";
import { mayLease } from "./ended.ts";
import { lost, TableFault } from "./faults.ts";
import { answer, goAlong, sendAlong, type Turn, withTurn } from "./hand.ts";
import { Operation } from "./operation.ts";
import { takeEntry } from "./serve.ts";
import { pathAt } from "./view.ts";

/** `detail` of a lookup that has been to another bucket before. */
const SECOND = 1;

const elsewhere = (turn: Turn, quote: Embedded): Action => {
  const { hand, view } = turn;
  const { bucket, service, detail } = hand.of;
  hand.withEntry = 0;
  const isSure = affinityOf(service) === Affinity.Both && !takesAnswers(service);
  if (detail === SECOND || isSure) return answer(turn, Operation.Nobody);
  const there: u32 = destinationBucket(quote);
  const other = there === bucket ? bucketFor(quote, service) : there;
  const path = pathAt(view.epoch, other);
  if (path === null || path.complete === 0) return lost(TableFault.Role);
  const reader: u32 = path.complete - 1;
  // Its table is this one, where the flow is not.
  if (path.members[(reader & 7) as 0] === view.self) return answer(turn, Operation.Nobody);
  hand.of.detail = SECOND;
  hand.of.bucket = u16(other);
  return sendAlong(turn, path, reader, Operation.Lookup);
};

const run = (family: Family) =>
  withTurn((turn) => {
    const { parts, call } = turn;
    const quote = parts.type === family.type ? embeddedKey(parts) : null;
    if (quote === null) return lost(TableFault.Form);
    const now = spansNow();
    const found = family.find(family.keyOfEnds(quote, call.vni, quote.protocol), now);
    const entry = found.way;
    if (entry === null || !mayLease(entry, now) || (entry.change & Change.Pending) !== 0) return elsewhere(turn, quote);
    if (isAcross(entry)) {
      enterAcross(parts, call, found, family.isIpv4 ? Stage.Serve46 : Stage.Serve64);
      return lost(TableFault.Role);
    }
    return takeEntry(turn, family, found, quote, now) ? goAlong(turn) : lost(TableFault.Ended);
  });

export const zeta_table_error4 = program("zeta_table_error4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Error4 },
});
export const zeta_table_error6 = program("zeta_table_error6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Error6 },
});
