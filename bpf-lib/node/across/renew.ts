/** Renewing the life of a flow across the families, and that of the mapping that it uses (node/renew.ts, node/keep.ts). */
import { Action, program, u16 } from "zeta/bpf";
import { endsAcross } from "../../flow/across.ts";
import { liveOn } from "../../flow/live.ts";
import { FlowState } from "../../flow/state.ts";
import { type Family, ipv4Family, ipv6Family, isReply } from "../../flow/table.ts";
import { opens } from "../../packet/open.ts";
import { countOpened } from "../opened.ts";
import { withPacket } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";
import { withBoth } from "./stage.ts";

const renew = (family: Family) =>
  withPacket((parts, call) =>
    withBoth(family, call, ({ entry, partner, now }) => {
      if (!isReply(entry) && entry.state === FlowState.Established && opens(parts)) {
        const { destination, destinationPort } = endsAcross(family, entry, partner);
        countOpened(entry.service, destination, destinationPort);
      }
      call.was = entry.state;
      call.keeps = u16(liveOn(parts, entry, () => partner, now));
      if (call.keeps !== 0) zeta_node_stages.call(family.isIpv4 ? Stage.Keep46 : Stage.Keep64);
      else zeta_node_stages.call(family.isIpv4 ? Stage.Translate46 : Stage.Translate64);
      return Action.Drop;
    }),
  );

export const zeta_renew46 = program("zeta_renew46", renew(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Renew46 },
});
export const zeta_renew64 = program("zeta_renew64", renew(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Renew64 },
});
