/** Going on with a packet of a flow that is not like most: across the families, waiting, or shifted. */
import { Change } from "../../flow/entry.ts";
import { FlowState } from "../../flow/state.ts";
import type { Entry, Family } from "../../flow/table.ts";
import type { Found } from "../../flow/ways.ts";
import type { Parts } from "../../packet/open.ts";
import { enterAcross } from "../across/enter.ts";
import type { Call } from "../call.ts";
import { goOn, Stage } from "../stages.ts";

/** The bits of such flows: one test tells them from all others. */
export const OTHER = Change.Across | Change.Pending | Change.Shifted;

/**
 * Whether what becomes of a packet is to be found out: its flow waits; or its connection is over, which may begin anew with an
 * ACK, since its handshake was with the service's filter alone.
 */
export const isOpen = ({ change, state }: Entry): boolean =>
  (change & Change.Pending) !== 0 || ((change & Change.Shifted) !== 0 && state === FlowState.Closing);

export const enterOther = (parts: Parts, family: Family, found: Found<Entry>, entry: Entry, call: Call): void => {
  if ((entry.change & Change.Across) !== 0) {
    enterAcross(parts, call, found, family.isIpv4 ? Stage.Translate46 : Stage.Translate64);
    return;
  }
  goOn(parts, call, isOpen(entry) ? Stage.Wait : Stage.Shift);
};
