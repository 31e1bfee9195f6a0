/**
 * Opening a packet: parse once, then hand on what was found. What is found is given to `use` rather than returned, so that
 * everything in it stays known to the compiler.
 */
import {
  type Action,
  type address,
  EtherType,
  ethernetHeader,
  type Frame,
  fromIpv4,
  fromIpv6,
  icmpHeader,
  ipv4Header,
  ipv6Header,
  type Of,
  Protocol,
  tcpHeader,
  type u8,
  type u16,
  type u32,
  udpHeader,
  vlanTag,
} from "zeta/bpf";
import { walkExtensions } from "./extensions.ts";
import * as words from "./words.ts";

export interface Parts {
  readonly frame: Frame;
  readonly ethernet: Of<typeof ethernetHeader>;
  readonly tag: Of<typeof vlanTag> | null;
  readonly networkAt: u32;
  readonly transportAt: u32;
  readonly ip4: Of<typeof ipv4Header> | null;
  readonly ip6: Of<typeof ipv6Header> | null;
  readonly ip4Words: Of<typeof words.ipv4Words> | null;
  readonly ip6Words: Of<typeof words.ipv6Words> | null;
  readonly protocol: u8;
  readonly later: boolean;
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  readonly tcp: Of<typeof tcpHeader> | null;
  readonly udp: Of<typeof udpHeader> | null;
  readonly icmp: Of<typeof icmpHeader> | null;
  readonly tcpWords: Of<typeof words.tcpWords> | null;
  readonly udpWords: Of<typeof words.udpWords> | null;
  readonly icmpWords: Of<typeof words.icmpWords> | null;
}

const isTag = (type: u16): boolean => type === EtherType.Vlan || type === EtherType.ProviderVlan;

/** Gives IPv4 and IPv6 packets whose headers are whole to `use`, the rest to `other`. */
export const open = (frame: Frame, use: (parts: Parts) => Action, other: () => Action): Action => {
  const start = frame.cursor();
  const ethernet = start.take(ethernetHeader);
  if (ethernet === null) return other();
  const tag = isTag(ethernet.type) ? frame.cursor(14).peek(vlanTag) : null;
  let type: u16 = ethernet.type;
  let networkAt: u32 = 14;
  if (tag !== null) {
    type = tag.type;
    networkAt = 18;
    if (isTag(type)) {
      const inner = frame.cursor(18).peek(vlanTag);
      if (inner === null) return other();
      type = inner.type;
      networkAt = 22;
    }
  }
  const network = frame.cursor(networkAt);
  const ip4 = type === EtherType.Ipv4 ? network.peek(ipv4Header) : null;
  const ip6 = type === EtherType.Ipv6 ? network.peek(ipv6Header) : null;
  const ip4Words = type === EtherType.Ipv4 ? network.peek(words.ipv4Words) : null;
  const ip6Words = type === EtherType.Ipv6 ? network.peek(words.ipv6Words) : null;
  let protocol: u8 = 0;
  let transportAt: u32 = 0;
  let later = false;
  let source: address = 0n;
  let destination: address = 0n;
  if (ip4 !== null) {
    if (ip4.start.version !== 4 || ip4.start.words < 5) return other();
    protocol = ip4.protocol;
    transportAt = networkAt + ip4.start.words * 4;
    later = ip4.fragment.offset !== 0;
    source = fromIpv4(ip4.source);
    destination = fromIpv4(ip4.destination);
  } else if (ip6 !== null) {
    if (ip6.start.version !== 6) return other();
    const whole = walkExtensions(frame, networkAt + 40, ip6.nextHeader, (next, at, isLater) => {
      protocol = next;
      transportAt = at;
      later = isLater;
    });
    if (!whole) return other();
    source = fromIpv6(ip6.source);
    destination = fromIpv6(ip6.destination);
  } else return other();
  const transport = frame.cursor(transportAt);
  const isIcmp = protocol === Protocol.Icmp || protocol === Protocol.Icmpv6;
  const tcp = protocol === Protocol.Tcp && !later ? transport.peek(tcpHeader) : null;
  const udp = protocol === Protocol.Udp && !later ? transport.peek(udpHeader) : null;
  const icmp = isIcmp && !later ? transport.peek(icmpHeader) : null;
  let sourcePort: u16 = 0;
  let destinationPort: u16 = 0;
  if (tcp !== null) {
    sourcePort = tcp.sourcePort;
    destinationPort = tcp.destinationPort;
  } else if (udp !== null) {
    sourcePort = udp.sourcePort;
    destinationPort = udp.destinationPort;
  }
  const tcpW = protocol === Protocol.Tcp && !later ? transport.peek(words.tcpWords) : null;
  const udpW = protocol === Protocol.Udp && !later ? transport.peek(words.udpWords) : null;
  const icmpW = isIcmp && !later ? transport.peek(words.icmpWords) : null;
  return use({
    frame,
    ethernet,
    tag,
    networkAt,
    transportAt,
    ip4,
    ip6,
    ip4Words,
    ip6Words,
    protocol,
    later,
    source,
    destination,
    sourcePort,
    destinationPort,
    tcp,
    udp,
    icmp,
    tcpWords: tcpW,
    udpWords: udpW,
    icmpWords: icmpW,
  });
};
