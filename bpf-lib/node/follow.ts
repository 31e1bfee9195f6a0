/** What becomes of a packet whose flow is known, once its service's filters have let it pass. */
import { Action, type Of } from "zeta/bpf";
import { apply } from "../flow/apply.ts";
import { type Entry, type Family, isReply } from "../flow/table.ts";
import { opens, type Parts } from "../packet/open.ts";
import { Ask, type callRecord } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { countOpened } from "./opened.ts";
import { enterService, Hook, type serviceRecord } from "./services.ts";

type Call = Of<typeof callRecord>;

/** Asks the service for a decision; comes back only when the service has gone. */
export const askFor = (call: Call, ask: number, service: number): Action => {
  call.ask = ask as never;
  enterService(service, Hook.Decide);
  countNodeDrop(service, because.gone());
  return Action.Drop;
};

/**
 * A flow that was decided under another config is asked about. A connection that opens under newer config is decided under
 * it; one that runs keeps what every middlebox holds to.
 */
export const follow = (
  parts: Parts,
  family: Family,
  entry: Entry,
  service: Of<typeof serviceRecord>,
  call: Call,
): Action => {
  const client = !isReply(entry);
  if (client && entry.generation !== service.generation) {
    const decided = family.endsOf(entry);
    call.source = decided.source;
    call.destination = decided.destination;
    call.sourcePort = decided.sourcePort;
    call.destinationPort = decided.destinationPort;
    return askFor(call, opens(parts) ? Ask.Decide : Ask.Holds, entry.service);
  }
  if (client && opens(parts)) countOpened(family, entry);
  return apply(parts, family, entry);
};
