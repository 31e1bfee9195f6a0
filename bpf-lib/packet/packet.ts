/** The packet that middleboxes see: views over what was parsed, whose writes keep checksums right. */

import type { Packet } from "zeta";
import {
  type address,
  type Cursor,
  fromIpv4,
  fromIpv6,
  geneveHeader,
  type ipv4,
  type ipv6,
  type mac,
  OverlayPort,
  Protocol,
  swapBytes,
  u16 as toU16,
  u32 as toU32,
  type u8,
  type u16,
  type u32,
  vxlanHeader,
} from "zeta/bpf";
import { choice, refuseKeyEdit } from "../../sdk/middlebox/internal.ts";
import { putAddress, putPort } from "./edit.ts";
import type { Parts } from "./open.ts";
import { changed, updated } from "./sums.ts";
import { findOption } from "./tcp-options.ts";

/** Which packets a hook may see edited: filters must leave what the flow's key is made of. */
export interface Access {
  readonly keyFields: boolean;
}

const swapped = (value: u16): u32 => swapBytes.u16(value);

/** The IPv4 header checksum after a 16-bit word of it changed (both in network order). */
const follow4 = (parts: Parts, from: u32, to: u32): void => {
  const { ip4Words } = parts;
  if (ip4Words !== null)
    ip4Words.checksum = updated(ip4Words.checksum, changed(swapped(toU16(from)), swapped(toU16(to))));
};

const guard = (access: Access, field: string): void => {
  if (!access.keyFields) refuseKeyEdit(field);
};

const ethernetView = (parts: Parts) => ({
  get source() {
    return parts.ethernet.source;
  },
  set source(to: mac) {
    parts.ethernet.source = to;
  },
  get destination() {
    return parts.ethernet.destination;
  },
  set destination(to: mac) {
    parts.ethernet.destination = to;
  },
  get type() {
    return parts.ethernet.type;
  },
});

const vlanView = (tag: NonNullable<Parts["tag"]>) => ({
  get priority() {
    return tag.control.priority;
  },
  set priority(to: u32) {
    tag.control.priority = to;
  },
  get dropEligible() {
    return tag.control.dropEligible;
  },
  set dropEligible(to: u32) {
    tag.control.dropEligible = to;
  },
  get identifier() {
    return tag.control.identifier;
  },
  set identifier(to: u32) {
    tag.control.identifier = to;
  },
});

const ipv4View = (parts: Parts, ip: NonNullable<Parts["ip4"]>, access: Access) => ({
  get source() {
    return ip.source;
  },
  set source(to: ipv4) {
    guard(access, "source");
    putAddress(parts, "source", fromIpv4(to));
  },
  get destination() {
    return ip.destination;
  },
  set destination(to: ipv4) {
    guard(access, "destination");
    putAddress(parts, "destination", fromIpv4(to));
  },
  get ttl() {
    return ip.ttl;
  },
  set ttl(to: u8) {
    const from: u32 = ip.ttl;
    ip.ttl = to;
    follow4(parts, (from << 8) | ip.protocol, (toU32(to) << 8) | ip.protocol);
  },
  get dscp() {
    return ip.traffic.dscp;
  },
  set dscp(to: u32) {
    const from: u32 = (ip.traffic.dscp << 2) | ip.traffic.ecn;
    ip.traffic.dscp = to;
    follow4(parts, from, (ip.traffic.dscp << 2) | ip.traffic.ecn);
  },
  get ecn() {
    return ip.traffic.ecn;
  },
  set ecn(to: u32) {
    const from: u32 = (ip.traffic.dscp << 2) | ip.traffic.ecn;
    ip.traffic.ecn = to;
    follow4(parts, from, (ip.traffic.dscp << 2) | ip.traffic.ecn);
  },
  get identification() {
    return ip.identification;
  },
  set identification(to: u16) {
    const from: u32 = ip.identification;
    ip.identification = to;
    follow4(parts, from, to);
  },
  get protocol() {
    return ip.protocol;
  },
  get headerLength() {
    return ip.start.words * 4;
  },
  get totalLength() {
    return ip.totalLength;
  },
  get dontFragment() {
    return ip.fragment.dontFragment === 1;
  },
  get moreFragments() {
    return ip.fragment.moreFragments === 1;
  },
  get fragmentOffset() {
    return ip.fragment.offset * 8;
  },
  options: () => {
    const start = parts.frame.cursor(parts.networkAt + 20);
    return start.slice(ip.start.words * 4 - 20) ?? parts.frame.cursor(parts.frame.length);
  },
});

const ipv6View = (parts: Parts, ip: NonNullable<Parts["ip6"]>, access: Access) => ({
  get source() {
    return ip.source;
  },
  set source(to: ipv6) {
    guard(access, "source");
    putAddress(parts, "source", fromIpv6(to));
  },
  get destination() {
    return ip.destination;
  },
  set destination(to: ipv6) {
    guard(access, "destination");
    putAddress(parts, "destination", fromIpv6(to));
  },
  get hopLimit() {
    return ip.hopLimit;
  },
  set hopLimit(to: u8) {
    ip.hopLimit = to;
  },
  get dscp() {
    return ip.start.dscp;
  },
  set dscp(to: u32) {
    ip.start.dscp = to;
  },
  get ecn() {
    return ip.start.ecn;
  },
  set ecn(to: u32) {
    ip.start.ecn = to;
  },
  get flowLabel() {
    return ip.start.flowLabel;
  },
  set flowLabel(to: u32) {
    ip.start.flowLabel = to;
  },
  get payloadLength() {
    return ip.payloadLength;
  },
  get nextHeader() {
    return ip.nextHeader;
  },
  get extensionLength() {
    return parts.transportAt - parts.networkAt - 40;
  },
});

/** TCP, UDP and ICMP fields outside the key: the checksum follows each. */
const tcpView = (
  parts: Parts,
  tcp: NonNullable<Parts["tcp"]>,
  words: NonNullable<Parts["tcpWords"]>,
  access: Access,
) => ({
  get sourcePort() {
    return tcp.sourcePort;
  },
  set sourcePort(to: u16) {
    guard(access, "sourcePort");
    putPort(parts, "source", to);
  },
  get destinationPort() {
    return tcp.destinationPort;
  },
  set destinationPort(to: u16) {
    guard(access, "destinationPort");
    putPort(parts, "destination", to);
  },
  get sequence() {
    return tcp.sequence;
  },
  set sequence(to: u32) {
    const from = words.sequence;
    tcp.sequence = to;
    words.checksum = updated(words.checksum, changed(from, words.sequence));
  },
  get acknowledgement() {
    return tcp.acknowledgement;
  },
  set acknowledgement(to: u32) {
    const from = words.acknowledgement;
    tcp.acknowledgement = to;
    words.checksum = updated(words.checksum, changed(from, words.acknowledgement));
  },
  get window() {
    return tcp.window;
  },
  set window(to: u16) {
    const from = words.window;
    tcp.window = to;
    words.checksum = updated(words.checksum, changed(from, words.window));
  },
  get syn() {
    return tcp.control.syn === 1;
  },
  get ack() {
    return tcp.control.ack === 1;
  },
  get fin() {
    return tcp.control.fin === 1;
  },
  get rst() {
    return tcp.control.rst === 1;
  },
  get psh() {
    return tcp.control.psh === 1;
  },
  get urg() {
    return tcp.control.urg === 1;
  },
  get ece() {
    return tcp.control.ece === 1;
  },
  get cwr() {
    return tcp.control.cwr === 1;
  },
  get opens() {
    return tcp.control.syn === 1 && tcp.control.ack === 0;
  },
  get headerLength() {
    return tcp.control.words * 4;
  },
  option: (kind: u8): Cursor | null =>
    findOption(parts.frame, parts.transportAt + 20, parts.transportAt + tcp.control.words * 4, kind),
});

const udpView = (parts: Parts, udp: NonNullable<Parts["udp"]>, access: Access) => ({
  get sourcePort() {
    return udp.sourcePort;
  },
  set sourcePort(to: u16) {
    guard(access, "sourcePort");
    putPort(parts, "source", to);
  },
  get destinationPort() {
    return udp.destinationPort;
  },
  set destinationPort(to: u16) {
    guard(access, "destinationPort");
    putPort(parts, "destination", to);
  },
  get length() {
    return udp.length;
  },
});

const icmpView = (icmp: NonNullable<Parts["icmp"]>, words: NonNullable<Parts["icmpWords"]>) => ({
  get type() {
    return icmp.type;
  },
  get code() {
    return icmp.code;
  },
  get identifier() {
    return icmp.identifier;
  },
  set identifier(to: u16) {
    const from = words.identifier;
    icmp.identifier = to;
    words.checksum = updated(words.checksum, changed(from, words.identifier));
  },
  get sequence() {
    return icmp.sequence;
  },
  set sequence(to: u16) {
    const from = words.sequence;
    icmp.sequence = to;
    words.checksum = updated(words.checksum, changed(from, words.sequence));
  },
});

/** The network identifier of a tunnel header after UDP. */
const tunnelAt = (parts: Parts, port: u16): u32 | null => {
  if (parts.udp === null || parts.udp.destinationPort !== port) return null;
  const body = parts.frame.cursor(parts.transportAt + 8);
  if (port === OverlayPort.Vxlan) {
    const vxlan = body.peek(vxlanHeader);
    return vxlan === null || vxlan.flags.valid === 0 ? null : vxlan.network.vni;
  }
  const geneve = body.peek(geneveHeader);
  return geneve === null || geneve.start.version !== 0 ? null : geneve.network.vni;
};

const tunnelView = (vni: u32 | null) => (vni === null ? null : { vni });

const transportLength = (parts: Parts): u32 =>
  parts.tcp !== null ? parts.tcp.control.words * 4 : parts.udp !== null || parts.icmp !== null ? 8 : 0;

/** The packet that hooks are given. `from` is 0 for clients, 1 for what stands behind the service. */
export const describe = (parts: Parts, from: u32, access: Access): Packet => ({
  get from() {
    return choice(["client", "service"], from);
  },
  vni: 0,
  get interface() {
    return parts.frame.ingressInterface;
  },
  get length() {
    return parts.frame.length;
  },
  get source() {
    return parts.source;
  },
  set source(to: address) {
    guard(access, "source");
    putAddress(parts, "source", to);
  },
  get destination() {
    return parts.destination;
  },
  set destination(to: address) {
    guard(access, "destination");
    putAddress(parts, "destination", to);
  },
  protocol: parts.protocol,
  get sourcePort() {
    return parts.sourcePort;
  },
  get destinationPort() {
    return parts.destinationPort;
  },
  isLaterFragment: parts.later,
  ethernet: () => ethernetView(parts),
  vlan: () => (parts.tag === null ? null : vlanView(parts.tag)),
  ipv4: () => (parts.ip4 === null ? null : ipv4View(parts, parts.ip4, access)),
  ipv6: () => (parts.ip6 === null ? null : ipv6View(parts, parts.ip6, access)),
  tcp: () => (parts.tcp === null || parts.tcpWords === null ? null : tcpView(parts, parts.tcp, parts.tcpWords, access)),
  udp: () => (parts.udp === null ? null : udpView(parts, parts.udp, access)),
  icmp: () =>
    parts.icmp === null || parts.icmpWords === null || parts.protocol !== Protocol.Icmp
      ? null
      : icmpView(parts.icmp, parts.icmpWords),
  icmpv6: () =>
    parts.icmp === null || parts.icmpWords === null || parts.protocol !== Protocol.Icmpv6
      ? null
      : icmpView(parts.icmp, parts.icmpWords),
  vxlan: () => tunnelView(tunnelAt(parts, OverlayPort.Vxlan)),
  geneve: () => tunnelView(tunnelAt(parts, OverlayPort.Geneve)),
  payload: (offset: u32, length: u32): Cursor | null =>
    parts.frame.cursor(parts.transportAt + transportLength(parts) + offset).slice(length),
});
