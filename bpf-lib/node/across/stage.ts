/** What the stages of flows across the families begin with: the entry that was found before, and its partner. */
import type { Action, u32 } from "zeta/bpf";
import { foundAt, isLinked, partnerOf } from "../../flow/across.ts";
import type { Entry, Family } from "../../flow/table.ts";
import { spansNow } from "../../flow/time.ts";
import type { Found } from "../../flow/ways.ts";
import type { Call } from "../call.ts";
import { lookAgain } from "../stage.ts";

export interface Both {
  readonly found: Found<Entry>;
  readonly entry: Entry;
  readonly back: Found<Entry>;
  readonly partner: Entry;
  readonly now: u32;
}

/**
 * Goes on with both entries of the flow that the call's record names. When one is not there (another CPU is about to link
 * them, or has ended the flow), the packet's flow is looked for again; one that has lost its partner is over.
 */
export const withBoth = (family: Family, call: Call, use: (both: Both) => Action): Action => {
  const now = spansNow();
  const found = foundAt(family, call.index, call.serial);
  if (found.way === null) return lookAgain(call);
  const back = partnerOf(family, found.way, found.index, now);
  if (back.way === null) {
    if (isLinked(found.way, family)) found.way.until = 0;
    return lookAgain(call);
  }
  return use({ found, entry: found.way, back, partner: back.way, now });
};
