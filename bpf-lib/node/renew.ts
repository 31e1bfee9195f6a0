/** Before a packet that changes what stands of its flow's life: both directions are written, and it goes on its way. */
import { Action, program, u16 } from "zeta/bpf";
import { apply } from "../flow/apply.ts";
import { live } from "../flow/live.ts";
import { FlowState } from "../flow/state.ts";
import { type Family, ipv4Family, ipv6Family, isReply } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { opens } from "../packet/open.ts";
import { countOpened } from "./opened.ts";
import { lookAgain, withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const renew = (family: Family) =>
  withPacket((parts, call) => {
    const now = spansNow();
    const found = family.find(family.keyOf(parts, call.vni), now);
    if (found.way === null) return lookAgain(call);
    if (!isReply(found.way) && found.way.state === FlowState.Established && opens(parts)) {
      const { destination, destinationPort } = family.endsOf(found.way);
      countOpened(found.way.service, destination, destinationPort);
    }
    call.was = found.way.state;
    call.keeps = u16(live(parts, family, found.way, now));
    if (call.keeps === 0) return apply(parts, family, found, found.way, call);
    zeta_node_stages.call(family.isIpv4 ? Stage.Keep4 : Stage.Keep6);
    return Action.Drop;
  });

export const zeta_renew4 = program("zeta_renew4", renew(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Renew4 },
});
export const zeta_renew6 = program("zeta_renew6", renew(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Renew6 },
});
