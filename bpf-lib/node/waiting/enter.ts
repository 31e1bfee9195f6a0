/** Going on with a packet of a flow that is not like most: across the families, waiting, or shifted. */
import { Change } from "../../flow/entry.ts";
import { FlowState } from "../../flow/state.ts";
import { type Entry, type Family, isReply } from "../../flow/table.ts";
import type { Found } from "../../flow/ways.ts";
import type { Parts } from "../../packet/open.ts";
import { enterAcross } from "../across/enter.ts";
import type { Call } from "../call.ts";
import { goOn, Stage } from "../stages.ts";

/** The bits of such flows: one test tells them from all others. */
export const OTHER = Change.Across | Change.Pending | Change.Shifted;

export const enterOther = (parts: Parts, family: Family, found: Found<Entry>, entry: Entry, call: Call): void => {
  const { change, state } = entry;
  if ((change & Change.Across) !== 0) {
    enterAcross(parts, call, found, family.isIpv4 ? Stage.Translate46 : Stage.Translate64);
    return;
  }
  // A connection that is over may begin anew with an ACK: its handshake was with the service's filter alone.
  const over = state === FlowState.Closing && !isReply(entry);
  goOn(parts, call, (change & Change.Pending) !== 0 || over ? Stage.Wait : Stage.Shift);
};
