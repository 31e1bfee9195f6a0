/** Histories for clusters of programs. */
import { type Shape, USUAL } from "../plan.ts";

export const PROGRAMS: Shape = {
  ...USUAL,
  // To programs, closing connections are remembered as such, and only a new one of the same ends makes a tombstone of them.
  curt: false,
  // Nothing that leaves the cluster tells by which decision a flow of the third kind goes.
  kinds: ["connection", "lenient", "connection", "connection", "lenient"],
  // A fifth of an entry's life goes by before it is written anew.
  times: { refresh: 80 },
};
