/**
 * Making a decision the flow's own: both directions are entered, forward and reverse, or neither. On one node this is all;
 * the distributed flow table stands behind the same function.
 */
import { type address, isIpv4, type Of, u16, type u32 } from "zeta/bpf";
import type { callRecord } from "../node/call.ts";
import { because } from "../node/drops.ts";
import type { Parts } from "../packet/open.ts";
import { zeta_node_endpoints } from "../route/endpoints.ts";
import { zeta_node_hops } from "../route/hop.ts";
import { Change } from "./entry.ts";
import type { Entry, Family, FlowEnds } from "./table.ts";

type Call = Of<typeof callRecord>;

/** The entry of the packet's direction, or why there is none. */
export interface Committed {
  readonly entry: Entry | null;
  /** Of the node's reasons. */
  readonly reason: u32;
}

const refused = (reason: u32): Committed => ({ entry: null, reason });

/** The reverse of a direction that leaves with `to`. */
const turned = (to: FlowEnds): FlowEnds => ({
  source: to.destination,
  destination: to.source,
  sourcePort: to.destinationPort,
  destinationPort: to.sourcePort,
});

const sameFamily = (a: address, b: address): boolean => isIpv4(a) === isIpv4(b);

/** The network that replies come from: that of the hop which leads to the endpoint. */
const replyNetwork = (call: Call, hop: u32): u32 => {
  if ((call.change & Change.Deliver) === 0) return call.vni;
  return zeta_node_hops.at(hop)?.vni ?? 0;
};

/** Forgets both directions of a flow. */
export const forget = (parts: Parts, family: Family, entry: Entry, vni: u32, replies: u32): void => {
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  family.remove(turned(family.endsOf(entry)), replies, protocol);
  family.remove({ source, destination, sourcePort, destinationPort }, vni, protocol);
};

export const commit = (parts: Parts, family: Family, call: Call): Committed => {
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const from = { source, destination, sourcePort, destinationPort };
  const to = {
    source: call.source,
    destination: call.destination,
    sourcePort: call.sourcePort,
    destinationPort: call.destinationPort,
  };
  if ((call.change & (Change.SourcePool | Change.DestinationPool)) !== 0) return refused(because.noPort());
  if (!sameFamily(to.source, source) || !sameFamily(to.destination, source)) return refused(because.otherFamily());
  const delivered = (call.change & Change.Deliver) !== 0;
  const hop: u32 = delivered ? (zeta_node_endpoints.get({ address: call.place, vni: call.placeVni }) ?? 0) : 0;
  if (delivered && hop === 0) return refused(because.noEndpoint());
  const common = { service: u16(call.service), generation: call.generation };
  const whole = family.set(from, call.vni, protocol, to, { change: u16(call.change), hop, ...common });
  if (!whole) return refused(because.full());
  if ((call.change & Change.Direct) === 0) {
    // What the client's packets are changed from is what replies are changed to.
    const back =
      Change.Reply |
      ((call.change & Change.Destination) !== 0 ? Change.Source : 0) |
      ((call.change & Change.Source) !== 0 ? Change.Destination : 0);
    family.set(turned(to), replyNetwork(call, hop), protocol, turned(from), { change: u16(back), hop: 0, ...common });
  }
  return { entry: family.find(parts, call.vni), reason: because.full() };
};
