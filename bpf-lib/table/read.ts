/** What a flow-table node reads ahead: flows, and what is kept beside them. */
import { program, u32 } from "zeta/bpf";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { type Reading, readBoth, readFlow } from "./ahead.ts";
import { keptAt } from "./beside.ts";
import { turnBy } from "./turn.ts";

/** An entry, and the first and last words beside it: they may lie on two lines. */
export const readKept: Reading = (family, key) => {
  const kept = keptAt(family, family.homeOf(key));
  const beside = kept === null ? 0 : u32(kept.version) + kept.bucket;
  return readFlow(family, key) + beside;
};

/** An entry is stored; without one, the packet's own flow is looked for. */
export const zeta_table_turn = program(
  "zeta_table_turn",
  turnBy((parts, family, hand) =>
    hand.withEntry === 0 ? readKept(family, family.keyOf(parts, hand.vni)) : readBoth(readKept, family, hand.entry),
  ),
  { slot: { table: zeta_node_stages, index: Stage.Turn } },
);
