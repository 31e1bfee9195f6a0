/**
 * Out of an overlay, and no service's, or let pass by one for a host that is not there: dropped and counted. Whose time is up
 * went no further than here, wherever it was to go: its sender is told, so that a trace shows the gateway.
 */
import { Action, program } from "zeta/bpf";
import { isLast } from "../route/age.ts";
import { because } from "./drops.ts";
import { NODE } from "./services.ts";
import { refused, withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

/** Of the hops, nobody's. */
const NO_HOP = 0;

const unclaimed = withPacket((parts, call) => {
  call.service = NODE;
  if (!isLast(parts)) return refused(call, because.unclaimed());
  call.hop = NO_HOP;
  zeta_node_stages.call(Stage.Obstacle);
  return Action.Drop;
});

export const zeta_unclaimed = program("zeta_unclaimed", unclaimed, {
  slot: { table: zeta_node_stages, index: Stage.Unclaimed },
});
