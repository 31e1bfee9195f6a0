/** Deciding a new flow: the chain's decisions compose left to right into one entry and its reverse. */

import type { Packet } from "zeta";
import { type address, isIpv4, mac, type Of, type u8, type u16, type u32 } from "zeta/bpf";
import { inside, type Outcome, OutcomeKind, serviceReason } from "../../sdk/middlebox/internal.ts";
import { Change, type flowEntry } from "../flow/entry.ts";
import { flowOf } from "../flow/flow.ts";
import { wordsOf } from "../packet/words.ts";
import type { Session } from "./parts.ts";

export interface Key {
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  readonly protocol: u8;
}

/**
 * Asks every middlebox in turn; each sees the flow as those before it left it. A drop or reject ends the asking. Addresses
 * are changed in place: a flow that was sent to the other family is dropped.
 */
export const decide = (session: Session, packet: Packet, key: Key): Outcome => {
  let kind: u32 = OutcomeKind.Pass;
  let reason: u32 = 0;
  let change: u32 = 0;
  let source = key.source;
  let destination = key.destination;
  let sourcePort = key.sourcePort;
  let destinationPort = key.destinationPort;
  let place: address = 0n;
  let vni: u32 = 0;
  for (const box of session.boxes) {
    if (box.decide === null) continue;
    const flow = flowOf(packet, key.protocol, { source, destination, sourcePort, destinationPort, place, vni }, change);
    const outcome = inside(box.decide(flow as never, box.own));
    kind = outcome.kind;
    if (kind !== OutcomeKind.Pass) {
      reason = outcome.reason;
      break;
    }
    change = outcome.change;
    source = outcome.source;
    destination = outcome.destination;
    sourcePort = outcome.sourcePort;
    destinationPort = outcome.destinationPort;
    place = outcome.place;
    vni = outcome.vni;
  }
  const sameFamily = isIpv4(source) === isIpv4(key.source) && isIpv4(destination) === isIpv4(key.destination);
  if (kind === OutcomeKind.Pass && !sameFamily) {
    kind = OutcomeKind.Drop;
    reason = serviceReason("other address family");
  }
  return { kind, reason, change, source, sourcePort, destination, destinationPort, place, vni };
};

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
    const flow = { ...flowOf(packet, key.protocol, { ...key, place: 0n, vni: 0 }, 0), decided };
    if (!box.holds(flow as never, box.own)) return false;
  }
  return true;
};
