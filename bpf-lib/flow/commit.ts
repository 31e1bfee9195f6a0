/**
 * Making a decision the flow's own: both directions are entered, or neither (see node/enter.ts). On one node this is all;
 * the distributed flow table stands behind the same function.
 */
import { isIpv4, type u8, u16, type u32 } from "zeta/bpf";
import type { Call } from "../node/call.ts";
import { because } from "../node/drops.ts";
import type { Parts } from "../packet/open.ts";
import { endpointAt } from "../route/endpoints.ts";
import { networkOf } from "../route/hop.ts";
import { newMark, protocolIn } from "./across.ts";
import { type FlowEnds, turned } from "./ends.ts";
import { Change } from "./entry.ts";
import { idleOf, stateOf } from "./state.ts";
import { type Entry, type Family, Fresh } from "./table.ts";
import type { Key } from "./ways.ts";

const decidedEnds = (call: Call): FlowEnds => ({
  source: call.source,
  destination: call.destination,
  sourcePort: call.sourcePort,
  destinationPort: call.destinationPort,
});

/** The entry of the other direction than this one's. */
export const otherOf = (parts: Parts, family: Family, entry: Entry, now: u32) =>
  family.find(family.keyOfEnds(turned(family.endsOf(entry)), networkOf(entry.hop.slot), parts.protocol), now);

/** Forgets a flow of which this direction is known. */
export const forget = (
  parts: Parts,
  family: Family,
  found: { readonly entry: Entry; readonly index: u32 },
  vni: u32,
  now: u32,
): void => {
  const { entry, index } = found;
  const back = family.keyOfEnds(turned(family.endsOf(entry)), networkOf(entry.hop.slot), parts.protocol);
  const other = family.find(back, now);
  if (other.way !== null) family.remove(other.index, back);
  family.remove(index, family.keyOf(parts, vni));
};

/** The hop that is decided already: that of an endpoint delivered to, or of one in the flow's own network. */
const hopOf = (call: Call, to: FlowEnds): u32 =>
  (call.change & Change.Deliver) !== 0 ? endpointAt(call.place, call.placeVni) : endpointAt(to.destination, call.vni);

/** Of which entries stand in the IPv6 table, when all do. */
export const ALL_SIX = 0xf;
const FROM_FOUR = (1 << Fresh.Inward) | (1 << Fresh.Reverse);
/** Which entries stand in the IPv6 table, of a flow whose client is of one family and whose other end is of another. */
export const sixes = (family: Family, other: Family): u32 => {
  if (family.isIpv4) return other.isIpv4 ? 0 : FROM_FOUR;
  return other.isIpv4 ? ALL_SIX & ~FROM_FOUR : ALL_SIX;
};

/** Whose flow it is: the ends of its client's packets, and under which key they find it. */
export interface Client extends FlowEnds {
  readonly protocol: u8;
  readonly key: Key;
}

/** How far a flow has come when it is entered, and for how many spans it may idle. */
export interface Life {
  readonly state: u8;
  readonly idle: u32;
}
export const newLife = (protocol: u8): Life => {
  const state = stateOf(protocol);
  return { state, idle: idleOf(protocol, state) };
};

/** The client that sent the packet in hand. */
export const senderOf = (parts: Parts, family: Family, call: Call): Client => {
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  return { source, destination, sourcePort, destinationPort, protocol, key: family.keyOf(parts, call.vni) };
};

/**
 * Prepares both directions of a flow to be entered: the client's in the table of its packets' family, the other in that of
 * `behind`. Gives why it cannot be, of the node's reasons, or null.
 */
export const prepare = (client: Client, family: Family, behind: Family, call: Call, life: Life): u32 | null => {
  const { source, destination, sourcePort, destinationPort, protocol } = client;
  const from = { source, destination, sourcePort, destinationPort };
  const to = decidedEnds(call);
  const across = family.isIpv4 !== behind.isIpv4;
  if (isIpv4(to.source) !== behind.isIpv4 || isIpv4(to.destination) !== behind.isIpv4) return because.otherFamily();
  // Whoever answers directly would answer in the other family.
  if (across && (call.change & Change.Direct) !== 0) return because.otherFamily();
  const waits = call.change & (Change.Pending | Change.Shifted);
  // Translated packets have no numbers shifted, and what returns directly would not be waited for.
  if (waits !== 0 && (across || (call.change & Change.Direct) !== 0)) return because.cannotWait();
  const hop = hopOf(call, to);
  if (hop === 0 && (call.change & Change.Deliver) !== 0) return because.noEndpoint();
  const back = endpointAt(source, call.vni);
  if (back === 0 && call.vni !== 0) return because.noEndpoint();
  const flow = { ...life, service: u16(call.service), generation: call.generation };
  const common = across ? { ...flow, mark: newMark() } : flow;
  const kind = across ? Change.Across : 0;
  call.sixes = sixes(family, behind);
  if ((call.change & Change.Direct) === 0) {
    // What the client's packets are changed from is what replies are changed to.
    const change =
      kind |
      waits |
      Change.Reply |
      (call.change & Change.DestinationPool) |
      ((call.change & Change.Destination) !== 0 ? Change.Source : 0) |
      ((call.change & Change.Source) !== 0 ? Change.Destination : 0);
    const key = behind.keyOfEnds(turned(to), networkOf(hop), across ? protocolIn(behind, protocol) : protocol);
    behind.prepare(Fresh.Reverse, key, turned(from), { ...common, change: u16(change), hop: back });
    call.fresh |= 1 << Fresh.Reverse;
  }
  family.prepare(Fresh.Forward, client.key, to, { ...common, change: u16(kind | call.change), hop });
  call.fresh |= 1 << Fresh.Forward;
  return null;
};
