/** After a reject, which the service has counted: the sender is told. */
import { Action, type Frame, program } from "zeta/bpf";
import { open } from "../packet/open.ts";
import { answerRejected } from "../service/reject.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const refuse = (frame: Frame): Action =>
  open(
    frame,
    answerRejected,
    () => Action.Drop,
    () => Action.Drop,
  );

export const zeta_refuse = program("zeta_refuse", refuse, { slot: { table: zeta_node_stages, index: Stage.Refuse } });
