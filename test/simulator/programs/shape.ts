/** Histories for clusters of programs: what the data plane does not do yet is left out of them. */
import { FAULTS, type FaultKind, type Shape, USUAL } from "../plan.ts";

/** Members that are filled take the flow table's TRANSFER. */
const FILLING: readonly FaultKind[] = ["scale-out", "scale-in", "roll-back", "there and back"];

export const PROGRAMS: Shape = {
  ...USUAL,
  only: FAULTS.filter((kind) => !FILLING.includes(kind)),
  fills: false,
  losses: false,
  curt: false,
  kinds: ["connection", "lenient", "connection", "connection", "lenient"],
  // A fifth of an entry's life goes by before it is written anew.
  times: { refresh: 80 },
};
