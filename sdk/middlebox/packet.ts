/**
 * A packet as a middlebox sees it: headers are nullable typed views, values are in host order, and every write keeps
 * the IP, TCP, UDP and ICMPv6 checksums right (incrementally, RFC 1624).
 */
import type { Cursor } from "../bpf/frame.ts";
import type { address, ipv4, ipv6, mac, u8, u16, u32 } from "../layout/layouts.ts";

/** Which end sent it: the service's client, or what stands behind the service. */
export type From = "client" | "service";

export interface EthernetView {
  source: mac;
  destination: mac;
  readonly type: u16;
}
export interface VlanView {
  priority: u32;
  dropEligible: u32;
  identifier: u32;
}
export interface Ipv4View {
  source: ipv4;
  destination: ipv4;
  ttl: u8;
  dscp: u32;
  ecn: u32;
  identification: u16;
  readonly protocol: u8;
  /** Bytes, options included: 20 to 60. */
  readonly headerLength: u32;
  readonly totalLength: u16;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In bytes. */
  readonly fragmentOffset: u32;
  /** The options' bytes, to be read; empty when there are none. */
  readonly options: () => Cursor;
}
export interface Ipv6View {
  source: ipv6;
  destination: ipv6;
  hopLimit: u8;
  dscp: u32;
  ecn: u32;
  flowLabel: u32;
  readonly payloadLength: u16;
  /** Of the fixed header: an extension header's number when there are such. */
  readonly nextHeader: u8;
  /** Bytes of extension headers walked over (at most eight headers). */
  readonly extensionLength: u32;
}
export interface TcpView {
  sourcePort: u16;
  destinationPort: u16;
  sequence: u32;
  acknowledgement: u32;
  window: u16;
  syn: boolean;
  ack: boolean;
  fin: boolean;
  rst: boolean;
  psh: boolean;
  urg: boolean;
  ece: boolean;
  cwr: boolean;
  /** The first packet of a connection: SYN without ACK. */
  readonly opens: boolean;
  /** Bytes, options included: 20 to 60. */
  readonly headerLength: u32;
  /** The data of an option (see `TcpOption`), or null when the header has no such option. */
  readonly option: (kind: u8) => Cursor | null;
  /**
   * Takes all options out (no-operations in their place, so that the header keeps its length), but for an MSS option of
   * this size at the start; 0: without that too. A header without options stays as it is. With `sack`, an option that permits
   * selective acknowledgements (RFC 2018) stands behind it, where the header has 28 bytes or more.
   */
  readonly keepMss: (mss: u16, sack?: boolean) => void;
}
export interface UdpView {
  sourcePort: u16;
  destinationPort: u16;
  readonly length: u16;
}
/** ICMP and ICMPv6: `identifier` and `sequence` mean something in echo messages only. */
export interface IcmpView {
  /** An echo's type and identifier are part of its flow's key: what `answer` edits may change them, a filter may not. */
  type: u8;
  readonly code: u8;
  identifier: u16;
  sequence: u16;
}
export interface TunnelView {
  readonly vni: u32;
}

export interface Packet {
  readonly from: From;
  /** The tenant's network; 0 outside overlays. */
  readonly vni: u32;
  /** Index of the interface it came in by. */
  readonly interface: u32;
  /** Bytes, Ethernet header included. */
  readonly length: u32;
  /** Either family; IPv4 as ::ffff:a.b.c.d. */
  source: address;
  destination: address;
  /** The transport's number, IPv6 extension headers passed over. */
  readonly protocol: u8;
  /** TCP and UDP ports; an ICMP echo's identifier is the port of the end that asked; 0 otherwise. */
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  /**
   * In a filter: whether it belongs to a flow that stands, one that was decided and is remembered. One whose decision waits
   * does not stand yet (see `pending`), and a TCP connection that has ended, or was reset, does not any more.
   */
  readonly stands: boolean;
  /** A fragment other than the first has no transport header. In a service, its protocol and ports are those of its first. */
  readonly isLaterFragment: boolean;
  readonly ethernet: () => EthernetView;
  /** The outermost tag. */
  readonly vlan: () => VlanView | null;
  readonly ipv4: () => Ipv4View | null;
  readonly ipv6: () => Ipv6View | null;
  readonly tcp: () => TcpView | null;
  readonly udp: () => UdpView | null;
  readonly icmp: () => IcmpView | null;
  readonly icmpv6: () => IcmpView | null;
  /** Of a packet to UDP port 4789, 6081. */
  readonly vxlan: () => TunnelView | null;
  readonly geneve: () => TunnelView | null;
  /** A cursor, to read by, over the transport's payload, from `offset`, at most `length` bytes long; null when it is shorter. */
  readonly payload: (offset: u32, length: u32) => Cursor | null;
}
