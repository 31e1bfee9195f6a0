/** The packet that middleboxes see: views over what was parsed, whose writes keep checksums right. */

import type { Packet } from "zeta";
import { type address, type Cursor, OverlayPort, type u32 } from "zeta/bpf";
import { choice, forReading } from "../../sdk/middlebox/internal.ts";
import { addressAt, portAt, putAddress } from "./edit.ts";
import { icmpOf, icmpv6Of, type Parts } from "./open.ts";
import { type Access, guard } from "./views/access.ts";
import { icmpViewOf, udpViewOf } from "./views/datagrams.ts";
import { ipv4Of, ipv6Of } from "./views/ip.ts";
import { ethernetView, vlanOf } from "./views/link.ts";
import { payloadOf } from "./views/payload.ts";
import { tcpViewOf } from "./views/tcp.ts";
import { tunnelView } from "./views/tunnel.ts";

/** A packet as the library has it: what was parsed, and the same with its key fields open to edits. */
export interface Described extends Packet {
  readonly parts: Parts;
  readonly editable: () => Packet;
}

/**
 * The packet that hooks are given. `from` is 0 for clients, 1 for what stands behind the service; `vni` is its network;
 * `stands` is not 0 when its flow does.
 */
export const describe = (parts: Parts, from: u32, vni: u32, access: Access, stands: u32 = 0): Described => ({
  parts,
  editable: () => describe(parts, from, vni, { keyFields: true }, stands),
  get from() {
    return choice(["client", "service"], from);
  },
  vni,
  get interface() {
    return parts.frame.ingressInterface;
  },
  get length() {
    return parts.frame.length;
  },
  get source() {
    return access.keyFields ? addressAt(parts, "source") : parts.source;
  },
  set source(to: address) {
    guard(access, "source");
    putAddress(parts, "source", to);
  },
  get destination() {
    return access.keyFields ? addressAt(parts, "destination") : parts.destination;
  },
  set destination(to: address) {
    guard(access, "destination");
    putAddress(parts, "destination", to);
  },
  protocol: parts.protocol,
  get sourcePort() {
    return access.keyFields ? portAt(parts, "source") : parts.sourcePort;
  },
  get destinationPort() {
    return access.keyFields ? portAt(parts, "destination") : parts.destinationPort;
  },
  stands: stands !== 0,
  isLaterFragment: parts.later,
  ethernet: () => ethernetView(parts),
  vlan: () => vlanOf(parts),
  ipv4: () => ipv4Of(parts, access),
  ipv6: () => ipv6Of(parts, access),
  tcp: () => tcpViewOf(parts, access),
  udp: () => udpViewOf(parts, access),
  icmp: () => icmpViewOf(icmpOf(parts), access),
  icmpv6: () => icmpViewOf(icmpv6Of(parts), access),
  vxlan: () => tunnelView(parts, OverlayPort.Vxlan),
  geneve: () => tunnelView(parts, OverlayPort.Geneve),
  payload: (offset: u32, length: u32): Cursor | null => forReading(payloadOf(parts, offset, length)),
});
