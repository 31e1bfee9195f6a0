/** Answers for entrances; passes the rest. */
import { Action, program } from "zeta/bpf";
import { answerNeighbours } from "../../../bpf-lib/neighbour/answer.ts";

export default program("responder", (frame) => answerNeighbours(frame, 0, () => Action.Pass));
