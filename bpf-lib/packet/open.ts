/**
 * Opening a packet: parse once, then hand on what was found. It is given to `use` rather than returned, so that everything
 * in it stays known to the compiler; headers are viewed when asked for, so that nothing is kept that nobody reads.
 */
import {
  type Action,
  type address,
  EtherType,
  type ethernetHeader,
  type Frame,
  fromIpv4,
  fromIpv6,
  header,
  icmpHeader,
  ipv4Header,
  ipv6Header,
  type Layout,
  type Of,
  Protocol,
  tcpHeader,
  type u16 as U16,
  type u8,
  u16,
  type u32,
  udpHeader,
} from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { identified } from "./echo.ts";
import { walkExtensions } from "./extensions.ts";
import { openLink } from "./link.ts";

export interface Parts {
  readonly frame: Frame;
  readonly ethernet: Of<typeof ethernetHeader>;
  /** EtherType of the network header, after VLAN tags: IPv4 or IPv6. */
  readonly type: U16;
  readonly tagged: boolean;
  readonly networkAt: u32;
  readonly transportAt: u32;
  /** Of the transport header, IPv6 extensions passed over. */
  readonly protocol: u8;
  /** A fragment other than the first: no transport header follows. */
  readonly later: boolean;
  /** Where an IPv6 fragment header is; 0 when there is none. */
  readonly fragmentAt: u32;
  /** Of an IPv6 routing header. Unless 0, the destination is a place on the way: transport checksums are of the last one. */
  readonly segmentsLeft: u8;
  readonly source: address;
  readonly destination: address;
  /** Ports of TCP and UDP; an ICMP echo's identifier is the port of the end that asked; 0 otherwise. */
  readonly sourcePort: U16;
  readonly destinationPort: U16;
}

const portsHeader = header({ source: u16, destination: u16 });

/** The network header through one of its layouts, when the packet is of that family. */
export const network = <V>(parts: Parts, type: U16, layout: Layout<V>): V | null =>
  parts.type === type ? parts.frame.cursor(parts.networkAt).peek(layout) : null;

/** The transport header through one of its layouts, when it is there and of that protocol. */
export const transport = <V>(parts: Parts, protocol: u8, layout: Layout<V>): V | null =>
  parts.protocol === protocol && !parts.later ? parts.frame.cursor(parts.transportAt).peek(layout) : null;

export const tcpOf = (parts: Parts) => transport(parts, Protocol.Tcp, tcpHeader);
export const udpOf = (parts: Parts) => transport(parts, Protocol.Udp, udpHeader);
export const icmpOf = (parts: Parts) => transport(parts, Protocol.Icmp, icmpHeader);
export const icmpv6Of = (parts: Parts) => transport(parts, Protocol.Icmpv6, icmpHeader);

/** The ends that have a port, as bits of `Change`: one end of an ICMP echo, none of what has no transport header that we know. */
export const endsWithPort = (parts: Parts): u32 => {
  if (parts.later) return 0;
  if (parts.protocol === Protocol.Tcp || parts.protocol === Protocol.Udp) return Change.Source | Change.Destination;
  const message = icmpOf(parts) ?? icmpv6Of(parts);
  return message === null ? 0 : identified(parts.protocol, message.type);
};

/** Where the IP datagram ends, as its header says: behind it, the link layer may have padded the frame. */
export const datagramEnd = (parts: Parts): u32 => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Header);
  if (ip4 !== null) return parts.networkAt + ip4.totalLength;
  const ip6 = network(parts, EtherType.Ipv6, ipv6Header);
  return ip6 === null ? 0 : parts.networkAt + 40 + ip6.payloadLength;
};

/** A segment that opens a connection: SYN without ACK. */
export const opens = (parts: Parts): boolean => {
  const tcp = tcpOf(parts);
  return tcp !== null && tcp.control.syn === 1 && tcp.control.ack === 0;
};

/**
 * Gives IPv4 and IPv6 packets whose headers are whole to `use`, those that say they are IP and cannot be read (cut, of
 * another version, behind more than two VLAN tags) to `broken`, and the rest to `other`, with its EtherType if it has one.
 */
export const open = (
  frame: Frame,
  use: (parts: Parts) => Action,
  other: (type: U16) => Action,
  broken: () => Action = () => other(0),
): Action =>
  openLink(
    frame,
    (ethernet, type, networkAt) => {
      let protocol: u8 = 0;
      let transportAt: u32 = 0;
      let later = false;
      let segmentsLeft: u8 = 0;
      let fragmentAt: u32 = 0;
      let source: address = 0n;
      let destination: address = 0n;
      if (type === EtherType.Ipv4) {
        const ip = frame.cursor(networkAt).peek(ipv4Header);
        if (ip === null || ip.start.version !== 4 || ip.start.words < 5) return broken();
        protocol = ip.protocol;
        transportAt = networkAt + ip.start.words * 4;
        later = ip.fragment.offset !== 0;
        source = fromIpv4(ip.source);
        destination = fromIpv4(ip.destination);
      } else if (type === EtherType.Ipv6) {
        const ip = frame.cursor(networkAt).peek(ipv6Header);
        if (ip === null || ip.start.version !== 6) return broken();
        const whole = walkExtensions(frame, networkAt + 40, ip.nextHeader, (next, at, isLater, segments, fragment) => {
          protocol = next;
          transportAt = at;
          later = isLater;
          segmentsLeft = segments;
          fragmentAt = fragment;
        });
        if (!whole) return broken();
        source = fromIpv6(ip.source);
        destination = fromIpv6(ip.destination);
      } else return other(type);
      let sourcePort: U16 = 0;
      let destinationPort: U16 = 0;
      if ((protocol === Protocol.Tcp || protocol === Protocol.Udp) && !later) {
        const ports = frame.cursor(transportAt).take(portsHeader);
        if (ports === null) return broken();
        sourcePort = ports.source;
        destinationPort = ports.destination;
      } else if (!later && protocol === (type === EtherType.Ipv4 ? Protocol.Icmp : Protocol.Icmpv6)) {
        const message = frame.cursor(transportAt).peek(icmpHeader);
        if (message !== null) {
          const end = identified(protocol, message.type);
          if (end === Change.Source) sourcePort = message.identifier;
          else if (end === Change.Destination) destinationPort = message.identifier;
        }
      }
      const tagged = networkAt !== 14;
      return use({
        frame,
        ethernet,
        type,
        tagged,
        networkAt,
        transportAt,
        protocol,
        later,
        fragmentAt,
        segmentsLeft,
        source,
        destination,
        sourcePort,
        destinationPort,
      });
    },
    () => other(0),
    broken,
  );
