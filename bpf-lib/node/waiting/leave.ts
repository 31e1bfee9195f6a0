/** A packet of a flow that waits or is shifted, when all has been done to it that others are not done: it goes on its way. */
import { program } from "zeta/bpf";
import { apply } from "../../flow/apply.ts";
import { spansNow } from "../../flow/time.ts";
import { because } from "../drops.ts";
import { refused, withPacketOfFamily } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";

const leave = withPacketOfFamily((parts, family, call) => {
  const found = family.find(family.keyOf(parts, call.vni), spansNow());
  // Nor is it looked for again: it is not what it was.
  return found.way === null ? refused(call, because.changed()) : apply(parts, family, found, found.way, call, true);
});

export const zeta_leave = program("zeta_leave", leave, { slot: { table: zeta_node_stages, index: Stage.Leave } });
