/**
 * Making a decision the flow's own: both directions are entered, or neither (see node/enter.ts). On one node this is all;
 * the distributed flow table stands behind the same function.
 */
import { type address, isIpv4, u16, type u32 } from "zeta/bpf";
import type { Call } from "../node/call.ts";
import { because } from "../node/drops.ts";
import type { Parts } from "../packet/open.ts";
import { zeta_node_endpoints } from "../route/endpoints.ts";
import { networkOf } from "../route/hop.ts";
import { type FlowEnds, turned } from "./ends.ts";
import { Change } from "./entry.ts";
import { idleOf, stateOf } from "./state.ts";
import { type Entry, type Family, Fresh } from "./table.ts";

const decidedEnds = (call: Call): FlowEnds => ({
  source: call.source,
  destination: call.destination,
  sourcePort: call.sourcePort,
  destinationPort: call.destinationPort,
});

/** The endpoint table is asked for the network's own addresses; 0 when the address is not in it. */
const endpointAt = (address: address, vni: u32): u32 => zeta_node_endpoints.get({ address, vni }) ?? 0;

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

/** Prepares both directions of a flow to be entered. Gives why it cannot be, of the node's reasons, or null. */
export const prepare = (parts: Parts, family: Family, call: Call): u32 | null => {
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const from = { source, destination, sourcePort, destinationPort };
  const to = decidedEnds(call);
  if (isIpv4(to.source) !== family.isIpv4 || isIpv4(to.destination) !== family.isIpv4) return because.otherFamily();
  const hop = hopOf(call, to);
  if (hop === 0 && (call.change & Change.Deliver) !== 0) return because.noEndpoint();
  const back = endpointAt(source, call.vni);
  if (back === 0 && call.vni !== 0) return because.noEndpoint();
  const state = stateOf(protocol);
  const idle = idleOf(protocol, state);
  const common = { state, idle, service: u16(call.service), generation: call.generation };
  if ((call.change & Change.Direct) === 0) {
    // What the client's packets are changed from is what replies are changed to.
    const change =
      Change.Reply |
      ((call.change & Change.Destination) !== 0 ? Change.Source : 0) |
      ((call.change & Change.Source) !== 0 ? Change.Destination : 0);
    const key = family.keyOfEnds(turned(to), networkOf(hop), protocol);
    family.prepare(Fresh.Reverse, key, turned(from), { ...common, change: u16(change), hop: back });
    call.fresh |= 1 << Fresh.Reverse;
  }
  const kept = call.change & ~Change.Pending;
  family.prepare(Fresh.Forward, family.keyOf(parts, call.vni), to, { ...common, change: u16(kept), hop });
  call.fresh |= 1 << Fresh.Forward;
  return null;
};
