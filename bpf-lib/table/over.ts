/**
 * On a head: all of the path know that a flow has ended. Only now is nobody left who grants a lease on it, and its entry goes when those
 * that were granted are over (rule 9 of the table's). Its packet goes back to its forwarder, which forgets the flow too.
 */
import { i32, program, type u32 } from "zeta/bpf";
import { partnerOf } from "../flow/across.ts";
import { FlowState } from "../flow/state.ts";
import { type Entry, type Family, ipv4Family, ipv6Family, isAcross } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { keptAt, versionOf } from "./beside.ts";
import { backOf, endedFor } from "./ended.ts";
import { clientOf } from "./entry.ts";
import { answer, withTurn } from "./hand.ts";
import { Operation } from "./operation.ts";

const lastUntil = (way: Entry | null, until: u32): void => {
  if (way !== null && i32(way.until - until) > 0) way.until = until;
};

/** `family`: of the flow's client, whatever the packet is of. */
const over = (family: Family) =>
  withTurn((turn) => {
    const { entry } = turn.hand;
    const now = spansNow();
    const found = family.find(family.keyOfEnds(clientOf(entry), entry.vni, entry.protocol), now);
    const { way, index, serial } = found;
    const kept = keptAt(family, index);
    // An answer to what was told before is none: others may have come to be of the path since.
    if (way !== null && kept !== null && way.state === FlowState.Ended && versionOf(kept, serial) === entry.version) {
      const until = now + endedFor();
      if (isAcross(way)) lastUntil(partnerOf(family, way, index, now).way, until);
      else lastUntil(backOf(family, way, entry.protocol, now).way, until);
      lastUntil(way, until);
    }
    return answer(turn, Operation.Reply);
  });

export const zeta_over4 = program("zeta_over4", over(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Over4 },
});
export const zeta_over6 = program("zeta_over6", over(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Over6 },
});
