/** After a reject, which the service has counted: the sender is told. */
import { Action, type Frame, program } from "zeta/bpf";
import { open } from "../packet/open.ts";
import { answerRejected } from "../service/reject.ts";
import { zeta_node_call } from "./call.ts";
import { sendBack } from "./reach.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const refuse = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  return open(
    frame,
    (parts) => {
      const { source } = parts;
      return answerRejected(parts, call.vni) === Action.Transmit ? sendBack(call, source) : Action.Drop;
    },
    () => Action.Drop,
    () => Action.Drop,
  );
};

export const zeta_refuse = program("zeta_refuse", refuse, { slot: { table: zeta_node_stages, index: Stage.Refuse } });
