/** IP headers of both families. IPv4 has a checksum of its own, and both families' addresses are in the transport's. */
import {
  EtherType,
  fromIpv4,
  fromIpv6,
  type ipv4,
  ipv4Header,
  type ipv6,
  ipv6Header,
  type Of,
  swapBytes,
  u16 as toU16,
  u32 as toU32,
  type u8,
  type u16,
  type u32,
} from "zeta/bpf";
import { forReading } from "../../../sdk/middlebox/internal.ts";
import { putAddress } from "../edit.ts";
import { network, type Parts } from "../open.ts";
import { changed, updated } from "../sums.ts";
import { ipv4Words } from "../words.ts";
import { type Access, guard } from "./access.ts";

const swapped = (value: u16): u32 => swapBytes.u16(value);

/** The IPv4 header checksum after a 16-bit word of it changed (both in network order). */
const follow4 = (parts: Parts, from: u32, to: u32): void => {
  const words = network(parts, EtherType.Ipv4, ipv4Words);
  if (words !== null) words.checksum = updated(words.checksum, changed(swapped(toU16(from)), swapped(toU16(to))));
};

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

export const ipv4Of = (parts: Parts, access: Access) => {
  const ip = network(parts, EtherType.Ipv4, ipv4Header);
  return ip === null ? null : ipv4View(parts, ip, access);
};
export const ipv6Of = (parts: Parts, access: Access) => {
  const ip = network(parts, EtherType.Ipv6, ipv6Header);
  return ip === null ? null : ipv6View(parts, ip, access);
};
