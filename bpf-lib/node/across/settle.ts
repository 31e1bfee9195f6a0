/** A decision between the families is prepared to be entered: each direction in the table of its packets' family. */
import { program } from "zeta/bpf";
import { otherFamily } from "../../flow/across.ts";
import { newLife, prepare, senderOf } from "../../flow/commit.ts";
import { type Family, ipv4Family, ipv6Family } from "../../flow/table.ts";
import { because } from "../drops.ts";
import { enterNext } from "../enter.ts";
import { refused, withPacket } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";

const settle = (family: Family) =>
  withPacket((parts, call) => {
    if (parts.type !== family.type) return refused(call, because.notWhole());
    const client = senderOf(parts, family, call);
    const reason = prepare(client, family, otherFamily(family), call, newLife(parts.protocol));
    return reason === null ? enterNext(call, family) : refused(call, reason);
  });

export const zeta_settle46 = program("zeta_settle46", settle(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Settle46 },
});
export const zeta_settle64 = program("zeta_settle64", settle(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Settle64 },
});
