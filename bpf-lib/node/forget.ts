/** Before a new decision for a flow that had another: the old one goes, both directions. Then it is committed. */
import { Action, program } from "zeta/bpf";
import { forget, otherOf } from "../flow/commit.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { closeReason, tellClosed } from "./lifecycle.ts";
import { countLeft } from "./quota.ts";
import { withPacket } from "./stage.ts";
import { enterCommit, enterForget, Stage, zeta_node_stages } from "./stages.ts";

const run = (family: Family) =>
  withPacket((parts, call) => {
    const now = spansNow();
    const { way: entry, index } = family.find(family.keyOf(parts, call.vni), now);
    if (entry !== null) {
      forget(parts, family, { entry, index }, call.vni, now);
      countLeft(call.vni);
    }
    enterCommit(family.type);
    return Action.Drop;
  });

/** Before that, if somebody listens: what the flow came to. */
const tell = (family: Family) =>
  withPacket((parts, call) => {
    const now = spansNow();
    const { way: entry } = family.find(family.keyOf(parts, call.vni), now);
    if (entry !== null) {
      const replies = otherOf(parts, family, entry, now).way;
      tellClosed(parts, family.endsOf(entry), entry, replies, call.vni, closeReason(entry));
    }
    enterForget(family.type, true);
    return Action.Drop;
  });

export const zeta_forget4 = program("zeta_forget4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Forget4 },
});
export const zeta_forget6 = program("zeta_forget6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Forget6 },
});
export const zeta_tell4 = program("zeta_tell4", tell(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Tell4 },
});
export const zeta_tell6 = program("zeta_tell6", tell(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Tell6 },
});
