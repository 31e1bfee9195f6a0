/**
 * Out of a tunnel: VXLAN (RFC 7348) or Geneve (RFC 8926) over either family becomes the Ethernet frame inside.
 *
 * What is no whole UDP datagram to a tunnel's port at an address of ours is left as it came, for whatever comes next: also
 * fragments but the first, which nothing tells from other traffic of the node, and which the host's stack never completes.
 *
 * Checksums: a zero UDP checksum is accepted over both families, as tunnels may send it (RFC 7348 section 5, RFC 6935). One
 * that is not zero is verified where that is demanded: in Geneve (RFC 8926 section 3.3) and over IPv6, whose header has no
 * checksum of its own (RFC 8200 section 8.1). VXLAN over IPv4 lets the receiver choose, and summing every byte costs more
 * than all the rest: it is accepted as it is.
 */
import {
  type address,
  EtherType,
  ethernetHeader,
  type Frame,
  fragmentHeader,
  fromIpv4,
  fromIpv6,
  geneveHeader,
  i32,
  ipv4,
  ipv6Header,
  type Of,
  OverlayPort,
  Protocol,
  swapBytes,
  u64 as toU64,
  type u32 as U32,
  u16,
  u32,
  type u64,
  udpHeader,
  vlanTag,
  vxlanHeader,
} from "zeta/bpf";
import { longSumOf } from "../packet/span.ts";
import { updated } from "../packet/sums.ts";
import { ipv4Words, ipv6Words, MORE_OR_LATER } from "../packet/words.ts";
import { leaveTunnel, tellsOfCongestion } from "./ecn.ts";
import { TunnelFault } from "./faults.ts";
import { isTunnel4, isTunnel6 } from "./tunnels.ts";

export const TunnelKind = { None: 0, Vxlan: 1, Geneve: 2 } as const;
/** What became of a frame: left as it was, brought out of its tunnel, or to be dropped. */
export const Arrival = { Plain: 0, Inner: 1, Fault: 2 } as const;

export interface Arrived {
  /** Of `Arrival`. */
  readonly is: U32;
  /** Of `TunnelFault`. */
  readonly fault: U32;
  /** Of `TunnelKind`. */
  readonly kind: U32;
  readonly vni: U32;
  /** Who sent the outer packet; both families in one form. */
  readonly from: address;
}

const UDP = 8;
const TUNNEL = 8;
const ETHERNET = 14;
const LATER = 0xff1f;
/** Version 4 and five words, in the low byte in memory order. */
const PLAIN_IPV4 = 0x45;

const plain: Arrived = { is: Arrival.Plain, fault: 0, kind: 0, vni: 0, from: 0n };
const faulty = (fault: U32): Arrived => ({ is: Arrival.Fault, fault, kind: 0, vni: 0, from: 0n });

/** What an outer IP header says of the UDP datagram in it. */
interface Outer {
  /** Of `Arrival`: Inner when there is a tunnel's datagram, as far as this header can tell. */
  readonly is: U32;
  readonly fault: U32;
  readonly udpAt: U32;
  /** Where the IP datagram ends. */
  readonly end: U32;
  readonly ecn: U32;
  readonly from: address;
  /** The sum of the addresses, for the UDP checksum. */
  readonly addresses: u64;
  /** Whether a checksum that is there must be right, whichever tunnel it is. */
  readonly verified: boolean;
}

const nothing = (is: U32, fault: U32): Outer => ({
  is,
  fault,
  udpAt: 0,
  end: 0,
  ecn: 0,
  from: 0n,
  addresses: 0n,
  verified: false,
});
const notOurs = nothing(Arrival.Plain, 0);
const refused = (fault: U32): Outer => nothing(Arrival.Fault, fault);

export const isTunnelPort = (port: U32): boolean => port === OverlayPort.Vxlan || port === OverlayPort.Geneve;

const isRight = (frame: Frame, udpAt: U32, length: U32, addresses: u64): boolean => {
  const pseudo: u64 = addresses + toU64(swapBytes.u16(u16(length))) + toU64(Protocol.Udp << 8);
  return updated(0xffff, pseudo + longSumOf(frame, udpAt, length)) === 0;
};

/** Cuts the frame to what is inside. */
const bare = (frame: Frame, from: U32, to: U32): boolean => {
  if (frame.length > to && !frame.adjustTail(i32(u32(to - frame.length)))) return false;
  return frame.adjustHead(i32(from));
};

interface Tunnel {
  readonly fault: U32 | null;
  readonly kind: U32;
  readonly vni: U32;
  /** Bytes from the UDP header to the Ethernet frame inside. */
  readonly header: U32;
}

const vxlanAt = (frame: Frame, at: U32): Tunnel => {
  const header = UDP + TUNNEL;
  const vxlan = frame.cursor(at).peek(vxlanHeader);
  if (vxlan === null) return { fault: TunnelFault.Length, kind: 0, vni: 0, header };
  // Reserved bits are ignored (RFC 7348 section 5).
  const fault = vxlan.flags.valid === 1 ? null : TunnelFault.Header;
  return { fault, kind: TunnelKind.Vxlan, vni: vxlan.network.vni, header };
};

const geneveAt = (frame: Frame, at: U32): Tunnel => {
  const geneve = frame.cursor(at).peek(geneveHeader);
  if (geneve === null) return { fault: TunnelFault.Length, kind: 0, vni: 0, header: 0 };
  const { start, protocol, network } = geneve;
  const header: U32 = UDP + TUNNEL + start.words * 4;
  let fault: U32 | null = null;
  if (start.version !== 0) fault = TunnelFault.Header;
  // No option is known here: those that are not critical are skipped, the others end the packet.
  else if (start.critical === 1 || start.control === 1) fault = TunnelFault.Critical;
  else if (protocol !== EtherType.Bridged) fault = TunnelFault.Content;
  return { fault, kind: TunnelKind.Geneve, vni: network.vni, header };
};

/** Offsets of a UDP header: at most 58. Says so to the compiler. */
const UDP_OFFSETS = 63;

const enter = (frame: Frame, outer: Outer): Arrived => {
  const udpAt: U32 = outer.udpAt & UDP_OFFSETS;
  const udp = frame.cursor(udpAt).peek(udpHeader);
  if (udp === null) return faulty(TunnelFault.Length);
  const length: U32 = udp.length;
  const end: U32 = udpAt + length;
  if (end > outer.end || outer.end > frame.length || length < UDP + TUNNEL) return faulty(TunnelFault.Length);
  const geneve = udp.destinationPort === OverlayPort.Geneve;
  // Before the tunnel's header is read: what is wrong there may be what the checksum tells of.
  if (udp.checksum !== 0 && (geneve || outer.verified) && !isRight(frame, udpAt, length, outer.addresses))
    return faulty(TunnelFault.Checksum);
  const tunnel = geneve ? geneveAt(frame, udpAt + UDP) : vxlanAt(frame, udpAt + UDP);
  const { kind, vni, header } = tunnel;
  if (tunnel.fault !== null) return faulty(tunnel.fault);
  if (length < header + ETHERNET) return faulty(TunnelFault.Length);
  const start: U32 = udpAt + header;
  if (tellsOfCongestion(outer.ecn) && !leaveTunnel(frame, start, outer.ecn)) return faulty(TunnelFault.Congestion);
  if (!bare(frame, start, end)) return faulty(TunnelFault.Room);
  return { is: Arrival.Inner, fault: 0, kind, vni, from: outer.from };
};

const sum4 = (ip: Of<typeof ipv4Words>): u64 =>
  toU64(ip.start) +
  toU64(ip.totalLength) +
  toU64(ip.identification) +
  toU64(ip.fragment) +
  toU64(ip.ttlAndProtocol) +
  toU64(ip.checksum) +
  toU64(ip.source) +
  toU64(ip.destination);

const over4 = (frame: Frame, at: U32): Outer => {
  const ip = frame.cursor(at).peek(ipv4Words);
  if (ip === null || ip.ttlAndProtocol >> 8 !== Protocol.Udp || !isTunnel4(ip.destination)) return notOurs;
  const first: U32 = ip.start & 0xff;
  if (first >> 4 !== 4 || first < PLAIN_IPV4 || (ip.fragment & LATER) !== 0) return notOurs;
  const udp = frame.cursor(at + (first & 15) * 4).peek(udpHeader);
  if (udp === null || !isTunnelPort(udp.destinationPort)) return notOurs;
  if (first !== PLAIN_IPV4) return refused(TunnelFault.Options);
  if ((ip.fragment & MORE_OR_LATER) !== 0) return refused(TunnelFault.Fragment);
  if (updated(0xffff, sum4(ip)) !== 0) return refused(TunnelFault.Checksum);
  return {
    is: Arrival.Inner,
    fault: 0,
    udpAt: at + 20,
    end: at + swapBytes.u16(ip.totalLength),
    ecn: (ip.start >> 8) & 3,
    from: fromIpv4(ipv4(swapBytes.u32(ip.source))),
    addresses: toU64(ip.source) + toU64(ip.destination),
    verified: false,
  };
};

const over6 = (frame: Frame, at: U32): Outer => {
  const ip = frame.cursor(at).peek(ipv6Header);
  const words = frame.cursor(at).peek(ipv6Words);
  if (ip === null || words === null || ip.start.version !== 6 || !isTunnel6(words.destination)) return notOurs;
  const { source, destination } = words;
  if (ip.nextHeader === Protocol.Fragment) {
    const fragment = frame.cursor(at + 40).peek(fragmentHeader);
    const behind = frame.cursor(at + 48).peek(udpHeader);
    const first = fragment !== null && fragment.nextHeader === Protocol.Udp && fragment.fragment.offset === 0;
    return first && behind !== null && isTunnelPort(behind.destinationPort) ? refused(TunnelFault.Fragment) : notOurs;
  }
  const udp = frame.cursor(at + 40).peek(udpHeader);
  if (ip.nextHeader !== Protocol.Udp || udp === null || !isTunnelPort(udp.destinationPort)) return notOurs;
  let addresses: u64 = 0n;
  for (const i of [0, 1, 2, 3] as const) addresses += toU64(source[i]) + toU64(destination[i]);
  return {
    is: Arrival.Inner,
    fault: 0,
    udpAt: at + 40,
    end: at + 40 + ip.payloadLength,
    ecn: ip.start.ecn,
    from: fromIpv6(ip.source),
    addresses,
    verified: true,
  };
};

/**
 * Brings a frame out of its tunnel: when that `is` Arrival.Inner, the frame starts with the Ethernet header inside, and all
 * views and cursors from before are dead. Up to one VLAN tag of the underlay is passed over.
 */
export const decapsulate = (frame: Frame): Arrived => {
  const ethernet = frame.cursor().peek(ethernetHeader);
  if (ethernet === null) return plain;
  let type: U32 = ethernet.type;
  let at: U32 = ETHERNET;
  if (type === EtherType.Vlan || type === EtherType.ProviderVlan) {
    type = frame.cursor(ETHERNET).peek(vlanTag)?.type ?? 0;
    at = ETHERNET + 4;
  }
  if (type !== EtherType.Ipv4 && type !== EtherType.Ipv6) return plain;
  at &= 31;
  const outer = type === EtherType.Ipv4 ? over4(frame, at) : over6(frame, at);
  if (outer.is === Arrival.Plain) return plain;
  return outer.is === Arrival.Fault ? faulty(outer.fault) : enter(frame, outer);
};
