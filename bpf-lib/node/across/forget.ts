/** Before a new decision for a flow across the families: the old one goes, both directions, and whoever listens is told. */
import { Action, program } from "zeta/bpf";
import { endsAcross, otherFamily } from "../../flow/across.ts";
import { type Family, ipv4Family, ipv6Family } from "../../flow/table.ts";
import { closeReason, isHeard, tellClosed } from "../lifecycle.ts";
import { countLeft } from "../quota.ts";
import { withPacket } from "../stage.ts";
import { enterCommit, Stage, zeta_node_stages } from "../stages.ts";
import { withBoth } from "./stage.ts";

const forget = (family: Family) =>
  withPacket((parts, call) =>
    withBoth(family, call, ({ found, entry, back, partner }) => {
      if (isHeard())
        tellClosed(parts, endsAcross(family, entry, partner), entry, partner, call.vni, closeReason(entry));
      const other = otherFamily(family);
      other.remove(back.index, other.keyIn(partner));
      family.remove(found.index, family.keyIn(entry));
      countLeft(call.vni);
      enterCommit(family.type);
      return Action.Drop;
    }),
  );

export const zeta_forget46 = program("zeta_forget46", forget(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Forget46 },
});
export const zeta_forget64 = program("zeta_forget64", forget(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Forget64 },
});
