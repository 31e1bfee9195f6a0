/** After a flow that waits was entered: what is kept beside it. */
import { Change } from "../../flow/entry.ts";
import { type Family, Fresh } from "../../flow/table.ts";
import { type Parts, tcpOf } from "../../packet/open.ts";
import type { Call } from "../call.ts";

/** `call.index` is the client's entry. A packet of the same client that finds nothing yet has the flow decided anew: alike. */
export const noteWaiting = (parts: Parts, family: Family, call: Call): void => {
  if ((call.change & Change.Pending) === 0) return;
  const { index } = call;
  const entry = family.at(index);
  const reverse = family.fresh(Fresh.Reverse);
  const tcp = tcpOf(parts);
  if (entry === null || reverse === null || tcp === null) return;
  const replies = family.at(reverse.until);
  const own = family.beside(entry, index);
  if (own !== null) {
    own.note = tcp.sequence;
    own.shift = call.offer;
  }
  const back = replies === null ? null : family.beside(replies, reverse.until);
  if (back !== null) back.note = call.note;
};
