/**
 * Opening what most packets are: whole datagrams of TCP or UDP, without IPv4 options or IPv6 extension headers. For programs that
 * leave all other packets to one that reads anything (open.ts): there is less to look at, and each header is looked at once.
 */
import {
  type Action,
  type address,
  EtherType,
  type Frame,
  fromIpv4,
  fromIpv6,
  ipv4Header,
  ipv6Header,
  Protocol,
  tcpHeader,
  type u8,
  type u16,
  type u32,
  udpHeader,
} from "zeta/bpf";
import { openLink } from "./link.ts";
import type { Parts } from "./open.ts";

/** Bytes of headers without options. */
const IPV4 = 20;
const IPV6 = 40;
const UDP = 8;

/** Gives them to `use`, whole as `isWhole` has it; and `other` all the rest, whatever it may be. */
export const openPlain = (frame: Frame, use: (parts: Parts) => Action, other: () => Action): Action =>
  openLink(
    frame,
    (ethernet, type, networkAt) => {
      let protocol: u8 = 0;
      let transportAt: u32 = 0;
      let end: u32 = 0;
      let source: address = 0n;
      let destination: address = 0n;
      if (type === EtherType.Ipv4) {
        const ip = frame.cursor(networkAt).peek(ipv4Header);
        if (ip === null || ip.start.version !== 4 || ip.start.words !== IPV4 / 4) return other();
        if (ip.fragment.moreFragments !== 0 || ip.fragment.offset !== 0) return other();
        protocol = ip.protocol;
        transportAt = networkAt + IPV4;
        end = networkAt + ip.totalLength;
        source = fromIpv4(ip.source);
        destination = fromIpv4(ip.destination);
      } else if (type === EtherType.Ipv6) {
        const ip = frame.cursor(networkAt).peek(ipv6Header);
        if (ip === null || ip.start.version !== 6) return other();
        protocol = ip.nextHeader;
        transportAt = networkAt + IPV6;
        end = transportAt + ip.payloadLength;
        source = fromIpv6(ip.source);
        destination = fromIpv6(ip.destination);
      } else return other();
      if (end > frame.length || transportAt > end) return other();
      const room: u32 = end - transportAt;
      let sourcePort: u16 = 0;
      let destinationPort: u16 = 0;
      if (protocol === Protocol.Tcp) {
        const tcp = frame.cursor(transportAt).peek(tcpHeader);
        if (tcp === null || tcp.control.words < 5 || tcp.control.words * 4 > room) return other();
        sourcePort = tcp.sourcePort;
        destinationPort = tcp.destinationPort;
      } else if (protocol === Protocol.Udp) {
        const udp = frame.cursor(transportAt).peek(udpHeader);
        if (udp === null || udp.length < UDP || udp.length > room) return other();
        sourcePort = udp.sourcePort;
        destinationPort = udp.destinationPort;
      } else return other();
      return use({
        frame,
        ethernet,
        type,
        tagged: networkAt !== 14,
        networkAt,
        transportAt,
        protocol,
        later: false,
        fragmentAt: 0,
        segmentsLeft: 0,
        source,
        destination,
        sourcePort,
        destinationPort,
      });
    },
    other,
  );
