/** What comes after a fragment's first was found, in a program of its own: with what it tells, both need more stack than there is. */
import { program } from "zeta/bpf";
import { proceed } from "../node/parse.ts";
import { withPacket } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";

export const zeta_proceed = program(
  "zeta_proceed",
  withPacket((parts, call) => proceed(parts, call)),
  { slot: { table: zeta_node_stages, index: Stage.Proceed } },
);
