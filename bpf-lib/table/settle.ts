/**
 * On a head, after a service has decided: a flow that stands in another bucket than the one where it was looked for is decided
 * by that bucket's head. All else is as on a node by itself (bpf-lib/node/settle.ts).
 */
import { isIpv4, program } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { leavePortless, settle, settleBy } from "../node/settle.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { bucketOfDecided } from "./affinity.ts";
import { readBack } from "./ahead.ts";
import { decideIn, inTurn } from "./hand.ts";
import { readKept } from "./read.ts";

const run = (family: Family) =>
  settleBy(family, (parts, call) => {
    if (call.decided !== 0 || call.kind !== OutcomeKind.Pass) return settle(parts, family, call);
    leavePortless(parts, call);
    return inTurn(parts, call, (turn) => {
      const here = turn.hand.of.bucket;
      const bucket = bucketOfDecided(parts, call, call.change, call.service, here);
      return decideIn(turn, bucket, () => {
        const { source, destination, sourcePort, destinationPort } = call;
        const to = { source, destination, sourcePort, destinationPort };
        if (isIpv4(destination) === family.isIpv4)
          turn.hand.ahead = readBack(readKept, family, to, call.vni, parts.protocol);
        return settle(parts, family, call);
      });
    });
  });

export const zeta_table_settle4 = program("zeta_table_settle4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit4 },
});
export const zeta_table_settle6 = program("zeta_table_settle6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit6 },
});
