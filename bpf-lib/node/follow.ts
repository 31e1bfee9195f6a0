/** What becomes of a packet whose flow is known, once its service's filters have let it pass. */
import { Action, type Of, type u32 } from "zeta/bpf";
import { apply } from "../flow/apply.ts";
import { isDue } from "../flow/live.ts";
import { FlowState } from "../flow/state.ts";
import { type Entry, type Family, hasWaited, isAcross, isReply } from "../flow/table.ts";
import type { Found } from "../flow/ways.ts";
import { opens, type Parts } from "../packet/open.ts";
import { note } from "../packet/reopen.ts";
import { Asked } from "../trace/record.ts";
import { stepAsked } from "../trace/trace.ts";
import { enterAcross } from "./across/enter.ts";
import { Ask, type Call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { enterService, Hook, type serviceRecord } from "./services.ts";
import { goOn, Stage } from "./stages.ts";

/** Asks the service for a decision; comes back only when the service has gone. */
export const askFor = (parts: Parts, call: Call, ask: number, service: number, decided: number): Action => {
  call.decided = decided as never;
  call.admitted = 0;
  call.ask = ask as never;
  note(parts, call.packet);
  stepAsked(call, Asked.Decide, ask);
  enterService(service, Hook.Decide, call.generation);
  countNodeDrop(service, because.gone());
  return Action.Drop;
};

/** The first fragment opens flows, and asks about them; what follows without one is nobody's. */
export const strayFragment = (service: u32): Action => {
  countNodeDrop(service, because.strayFragment());
  return Action.Drop;
};

/**
 * A flow that was decided under another config is asked about. A connection that opens under newer config is decided under
 * it; one that runs keeps what every middlebox holds to. A connection that is over begins anew.
 */
export const isAskedAgain = (parts: Parts, entry: Entry, { generation }: Of<typeof serviceRecord>): boolean =>
  !isReply(entry) &&
  !parts.later &&
  (entry.generation !== generation || (opens(parts) && entry.state === FlowState.Closing));

/** Asks about a flow that stands: see `isAskedAgain`. */
export const askAgain = (parts: Parts, family: Family, found: Found<Entry>, entry: Entry, call: Call): Action => {
  const opening = opens(parts);
  // What opens a connection that has waited is its service's to answer, and no word on the one that stands.
  const anew = opening && (entry.state === FlowState.Closing || !hasWaited(entry));
  if (family.isIpv4 && isAcross(entry)) {
    call.ask = anew ? Ask.Decide : Ask.Holds;
    enterAcross(parts, call, found, Stage.Ask46);
    return Action.Drop;
  }
  const decided = family.endsOf(entry);
  call.change = entry.change;
  call.source = decided.source;
  call.destination = decided.destination;
  call.sourcePort = decided.sourcePort;
  call.destinationPort = decided.destinationPort;
  return askFor(parts, call, anew ? Ask.Decide : Ask.Holds, entry.service, 1);
};

export const follow = (
  parts: Parts,
  family: Family,
  found: Found<Entry>,
  entry: Entry,
  service: Of<typeof serviceRecord>,
  call: Call,
  now: u32,
): Action => {
  if (isAskedAgain(parts, entry, service)) return askAgain(parts, family, found, entry, call);
  if (!parts.later && isDue(parts, entry, now)) {
    if (isAcross(entry)) {
      enterAcross(parts, call, found, family.isIpv4 ? Stage.Renew46 : Stage.Renew64);
    } else goOn(parts, call, family.isIpv4 ? Stage.Renew4 : Stage.Renew6);
    return Action.Drop;
  }
  return apply(parts, family, found, entry, call);
};
