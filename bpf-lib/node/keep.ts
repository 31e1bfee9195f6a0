/** After a flow's life was written: so are those of the mappings that it uses, one at a time. Then its packet goes on its way. */
import { Action, program, u16 } from "zeta/bpf";
import { apply } from "../flow/apply.ts";
import { Change } from "../flow/entry.ts";
import { keep } from "../flow/live.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { lookAgain, withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const run = (family: Family) =>
  withPacket((parts, call) => {
    const now = spansNow();
    const found = family.find(family.keyOf(parts, call.vni), now);
    if (found.way === null) return lookAgain(call);
    if (call.keeps === 0) return apply(parts, family, found, found.way, call);
    const end = (call.keeps & Change.SourcePool) !== 0 ? Change.SourcePool : Change.DestinationPool;
    keep(parts, family, found.way, call.was, end, now);
    call.keeps = u16(call.keeps & ~end);
    zeta_node_stages.call(family.isIpv4 ? Stage.Keep4 : Stage.Keep6);
    return Action.Drop;
  });

export const zeta_keep4 = program("zeta_keep4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep4 },
});
export const zeta_keep6 = program("zeta_keep6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep6 },
});
