/** The packet that middleboxes see: views over what was parsed, whose writes keep checksums right. */

import type { Packet } from "zeta";
import {
  type address,
  type Cursor,
  EtherType,
  fromIpv4,
  fromIpv6,
  geneveHeader,
  type icmpHeader,
  type ipv4,
  ipv4Header,
  type ipv6,
  ipv6Header,
  type mac,
  type Of,
  OverlayPort,
  Protocol,
  struct,
  swapBytes,
  type tcpHeader,
  u16 as toU16,
  u32 as toU32,
  type u8,
  type u16,
  type u32,
  type udpHeader,
  vlanTag,
  vxlanHeader,
} from "zeta/bpf";
import { choice, forReading, refuseKeyEdit, seenAs } from "../../sdk/middlebox/internal.ts";
import { addressAt, portAt, putAddress, putPort } from "./edit.ts";
import { datagramEnd, icmpOf, icmpv6Of, network, type Parts, tcpOf, udpOf } from "./open.ts";
import { changed, updated } from "./sums.ts";
import { findOption, MSS_WORD, SACK_WORD } from "./tcp-options.ts";
import { icmpWords, ipv4Words, tcpWords } from "./words.ts";

/** Which packets a hook may see edited: filters must leave what the flow's key is made of. */
export interface Access {
  readonly keyFields: boolean;
}

const swapped = (value: u16): u32 => swapBytes.u16(value);

/** The IPv4 header checksum after a 16-bit word of it changed (both in network order). */
const follow4 = (parts: Parts, from: u32, to: u32): void => {
  const words = network(parts, EtherType.Ipv4, ipv4Words);
  if (words !== null) words.checksum = updated(words.checksum, changed(swapped(toU16(from)), swapped(toU16(to))));
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

const vlanView = (tag: Of<typeof vlanTag>) => ({
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

const ipv4View = (parts: Parts, ip: Of<typeof ipv4Header>, access: Access) => ({
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
    return forReading(start.slice(ip.start.words * 4 - 20) ?? parts.frame.cursor(parts.frame.length));
  },
});

const ipv6View = (parts: Parts, ip: Of<typeof ipv6Header>, access: Access) => ({
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

/** A word of the segment changed, in memory order. */
const follow = (words: Of<typeof tcpWords>, from: u32, to: u32): void => {
  words.checksum = updated(words.checksum, changed(from, to));
};

const OPTION_WORDS = 10;
const FOUR_NOPS = 0x0101_0101;
const optionWord = struct({ value: toU32 });

/** An MSS option alone, or with one that permits SACK, in the room that the options had. */
const keepMss = (parts: Parts, words: Of<typeof tcpWords>, header: u32, mss: u16, sack: boolean): void => {
  for (let i = 1; i <= OPTION_WORDS; i++) {
    if (16 + i * 4 >= header) break;
    const at = parts.frame.cursor(parts.transportAt + 16 + i * 4).peek(optionWord);
    if (at === null) break;
    const from = at.value;
    const isMss = i === 1 && mss !== 0;
    at.value = isMss ? swapBytes.u32(MSS_WORD | mss) : i === 2 && sack ? swapBytes.u32(SACK_WORD) : FOUR_NOPS;
    follow(words, from, at.value);
  }
};

/** TCP, UDP and ICMP fields outside the key: the checksum follows each. */
const tcpView = (parts: Parts, tcp: Of<typeof tcpHeader>, words: Of<typeof tcpWords>, access: Access) => ({
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
    follow(words, from, words.sequence);
  },
  get acknowledgement() {
    return tcp.acknowledgement;
  },
  set acknowledgement(to: u32) {
    const from = words.acknowledgement;
    tcp.acknowledgement = to;
    follow(words, from, words.acknowledgement);
  },
  get window() {
    return tcp.window;
  },
  set window(to: u16) {
    const from = words.window;
    tcp.window = to;
    follow(words, from, words.window);
  },
  get syn() {
    return tcp.control.syn === 1;
  },
  set syn(to: boolean) {
    const from = words.control;
    tcp.control.syn = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get ack() {
    return tcp.control.ack === 1;
  },
  set ack(to: boolean) {
    const from = words.control;
    tcp.control.ack = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get fin() {
    return tcp.control.fin === 1;
  },
  set fin(to: boolean) {
    const from = words.control;
    tcp.control.fin = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get rst() {
    return tcp.control.rst === 1;
  },
  set rst(to: boolean) {
    const from = words.control;
    tcp.control.rst = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get psh() {
    return tcp.control.psh === 1;
  },
  set psh(to: boolean) {
    const from = words.control;
    tcp.control.psh = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get urg() {
    return tcp.control.urg === 1;
  },
  set urg(to: boolean) {
    const from = words.control;
    tcp.control.urg = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get ece() {
    return tcp.control.ece === 1;
  },
  set ece(to: boolean) {
    const from = words.control;
    tcp.control.ece = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get cwr() {
    return tcp.control.cwr === 1;
  },
  set cwr(to: boolean) {
    const from = words.control;
    tcp.control.cwr = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get opens() {
    return tcp.control.syn === 1 && tcp.control.ack === 0;
  },
  get headerLength() {
    return tcp.control.words * 4;
  },
  option: (kind: u8): Cursor | null =>
    forReading(findOption(parts.frame, parts.transportAt + 20, parts.transportAt + tcp.control.words * 4, kind)),
  keepMss: (mss: u16, sack: boolean = false): void => keepMss(parts, words, tcp.control.words * 4, mss, sack),
});

const udpView = (parts: Parts, udp: Of<typeof udpHeader>, access: Access) => ({
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

const icmpView = (icmp: Of<typeof icmpHeader>, words: Of<typeof icmpWords>, access: Access) => ({
  get type() {
    return icmp.type;
  },
  set type(to: u8) {
    guard(access, "type");
    const from = words.typeAndCode;
    icmp.type = to;
    words.checksum = updated(words.checksum, changed(from, words.typeAndCode));
  },
  get code() {
    return icmp.code;
  },
  get identifier() {
    return icmp.identifier;
  },
  set identifier(to: u16) {
    guard(access, "identifier");
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
  const udp = udpOf(parts);
  if (udp === null || udp.destinationPort !== port) return null;
  const body = parts.frame.cursor(parts.transportAt + 8);
  if (port === OverlayPort.Vxlan) {
    const vxlan = body.peek(vxlanHeader);
    return vxlan === null || vxlan.flags.valid === 0 ? null : vxlan.network.vni;
  }
  const geneve = body.peek(geneveHeader);
  return geneve === null || geneve.start.version !== 0 ? null : geneve.network.vni;
};

const tunnelView = (vni: u32 | null) => {
  if (vni === null) return null;
  const identifier: u32 = vni;
  return { vni: identifier };
};

/** Bytes of the transport header: 0 where there is none, or none that is known here; null when it is not whole. */
const transportLength = (parts: Parts): u32 | null => {
  if (parts.later) return 0;
  if (parts.protocol === Protocol.Tcp) {
    const tcp = tcpOf(parts);
    return tcp === null || tcp.control.words < 5 ? null : tcp.control.words * 4;
  }
  const known = parts.protocol === Protocol.Udp || parts.protocol === Protocol.Icmp;
  return known || parts.protocol === Protocol.Icmpv6 ? 8 : 0;
};

/** What the link layer has padded is no payload: the IP header says where that ends. */
const payloadOf = (parts: Parts, offset: u32, length: u32): Cursor | null => {
  const header = transportLength(parts);
  if (header === null) return null;
  const start: u32 = parts.transportAt + header + offset;
  return start + length > datagramEnd(parts) ? null : parts.frame.cursor(start).slice(length);
};

const vlanOf = (parts: Parts) => {
  const tag = parts.tagged ? parts.frame.cursor(14).peek(vlanTag) : null;
  return tag === null ? null : vlanView(tag);
};
const ipv4Of = (parts: Parts, access: Access) => {
  const ip = network(parts, EtherType.Ipv4, ipv4Header);
  return ip === null ? null : ipv4View(parts, ip, access);
};
const ipv6Of = (parts: Parts, access: Access) => {
  const ip = network(parts, EtherType.Ipv6, ipv6Header);
  return ip === null ? null : ipv6View(parts, ip, access);
};
const tcpViewOf = (parts: Parts, access: Access) => {
  const tcp = tcpOf(parts);
  return tcp === null ? null : tcpView(parts, tcp, seenAs(tcp, tcpWords), access);
};
const udpViewOf = (parts: Parts, access: Access) => {
  const udp = udpOf(parts);
  return udp === null ? null : udpView(parts, udp, access);
};
const icmpViewOf = (icmp: Of<typeof icmpHeader> | null, access: Access) =>
  icmp === null ? null : icmpView(icmp, seenAs(icmp, icmpWords), access);

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
  vxlan: () => tunnelView(tunnelAt(parts, OverlayPort.Vxlan)),
  geneve: () => tunnelView(tunnelAt(parts, OverlayPort.Geneve)),
  payload: (offset: u32, length: u32): Cursor | null => forReading(payloadOf(parts, offset, length)),
});
