/** Deciding a new flow: the chain's decisions compose left to right into one entry and its reverse. */

import type { Packet } from "zeta";
import { type address, isIpv4, mac, type Of, type u16, type u32 } from "zeta/bpf";
import { inside, type Outcome, OutcomeKind, serviceReason } from "../../sdk/middlebox/internal.ts";
import { Change, type flowEntry } from "../flow/entry.ts";
import { flowOf, type Key, undecided } from "../flow/flow.ts";
import { wordsOf } from "../packet/words.ts";
import type { Session } from "./parts.ts";

/**
 * Asks every middlebox in turn; each sees the flow as those before it left it. A drop or reject ends the asking. Addresses
 * are changed in place: a flow that was sent to the other family is dropped.
 */
export const decide = (session: Session, packet: Packet, key: Key): Outcome => {
  let decided = undecided(key);
  for (const box of session.boxes) {
    if (box.decide === null) continue;
    const flow = flowOf(packet, key.protocol, decided);
    decided = inside(box.decide(flow as never, box.own));
    if (decided.kind !== OutcomeKind.Pass) return decided;
  }
  const { source, destination, change } = decided;
  if ((change & Change.Pending) !== 0) return unsettled(decided, serviceReason("not completed"));
  if ((change & (Change.SourcePool | Change.DestinationPool)) !== 0)
    return unsettled(decided, serviceReason("no port"));
  const sameFamily = isIpv4(source) === isIpv4(key.source) && isIpv4(destination) === isIpv4(key.destination);
  return sameFamily ? decided : unsettled(decided, serviceReason("other address family"));
};

/** A decision that cannot be kept. */
const unsettled = (decided: Outcome, reason: u32): Outcome => ({ ...decided, kind: OutcomeKind.Drop, reason });

const NOWHERE = { until: 0n, interface: 0, destination: mac(0n), source: mac(0n) };

/** The entry for packets from the client. */
export const forwardEntry = (decided: Outcome, generation: u32): Of<typeof flowEntry> => ({
  source: wordsOf(decided.source, decided.sourcePort),
  destination: wordsOf(decided.destination, decided.destinationPort),
  place: wordsOf(decided.place, 0, decided.vni),
  change: decided.change,
  generation,
  hop: NOWHERE,
  packets: 0n,
  bytes: 0n,
});

/** The exact reverse: what the client's packets were changed from is what replies are changed to. */
export const reverseEntry = (key: Key, decided: Outcome, generation: u32): Of<typeof flowEntry> => ({
  source: wordsOf(key.destination, key.destinationPort),
  destination: wordsOf(key.source, key.sourcePort),
  place: wordsOf(0n, 0),
  change:
    Change.Reply |
    ((decided.change & Change.Destination) !== 0 ? Change.Source : 0) |
    ((decided.change & Change.Source) !== 0 ? Change.Destination : 0),
  generation,
  hop: NOWHERE,
  packets: 0n,
  bytes: 0n,
});

/** Whether every middlebox stands by what was decided, under the config of now. */
export const holds = (
  session: Session,
  packet: Packet,
  key: Key,
  decided: { readonly source: { address: address; port: u16 }; readonly destination: { address: address; port: u16 } },
): boolean => {
  for (const box of session.boxes) {
    if (box.holds === null) continue;
    const flow = { ...flowOf(packet, key.protocol, undecided(key)), decided };
    if (!box.holds(flow as never, box.own)) return false;
  }
  return true;
};
