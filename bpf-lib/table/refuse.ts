/** A packet that its service refuses goes back to its forwarder, which tells its sender: only there is the way to it. */
import { program } from "zeta/bpf";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { refuseAlong, withTurn } from "./hand.ts";
import { Operation } from "./operation.ts";

const refuse = withTurn((turn) => {
  turn.hand.of.detail = turn.call.reason;
  return refuseAlong(turn, Operation.Refuse);
});

export const zeta_table_refuse = program("zeta_table_refuse", refuse, {
  slot: { table: zeta_node_stages, index: Stage.Refuse },
});
