/** After a reject, which the service has counted: the sender is told. */
import { Action, program } from "zeta/bpf";
import { answerRejected } from "../service/reject.ts";
import { Point } from "../trace/record.ts";
import { step } from "../trace/trace.ts";
import { sendBack } from "./reach.ts";
import { withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const refuse = withPacket((parts, call) => {
  step(Point.Refuse, call);
  const { source } = parts;
  return answerRejected(parts, call.vni) === Action.Transmit ? sendBack(call, source) : Action.Drop;
});

export const zeta_refuse = program("zeta_refuse", refuse, { slot: { table: zeta_node_stages, index: Stage.Refuse } });
