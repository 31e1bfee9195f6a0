/**
 * The headers that lead into a tunnel, made once for a hop: the data plane copies them before every packet
 * (bpf-lib/overlay/encapsulate.ts) and fills in what differs, which is zero here.
 */
import {
  EtherType,
  ethernetHeader,
  geneveHeader,
  ipv4Header,
  ipv6Header,
  OverlayPort,
  Protocol,
  udpHeader,
  vxlanHeader,
} from "../../sdk/headers/index.ts";
import { parseIpv4, parseIpv6 } from "../../sdk/layout/address.ts";
import { encode } from "../../sdk/layout/codec.ts";
import { header, type Layout, mac } from "../../sdk/layout/layouts.ts";

export interface TunnelEnds {
  readonly kind: "vxlan" | "geneve";
  /** Addresses in the underlay, of one family: "192.0.2.1", "2001:db8::1". */
  readonly local: string;
  readonly remote: string;
  /** 0 to 2^24 − 1. */
  readonly vni: number;
  /** MAC addresses in the underlay: this node's, and the next hop's. */
  readonly outer: { readonly source: string; readonly destination: string };
  /** MAC addresses inside: the gateway's, and the endpoint's. */
  readonly inner: { readonly source: string; readonly destination: string };
}

/** What a hop's map value takes of it. */
export interface OuterHeader {
  readonly family: 4 | 6;
  /** Folded, in memory order. */
  readonly sum: number;
  readonly outer: readonly bigint[];
  /** Bytes that the tunnel adds to an IP packet, the inner Ethernet header among them. */
  readonly overhead: number;
}

const TTL = 64;
const WORDS = 11;
const stations = header({ destination: mac, source: mac });

const bytesOf = <V>(layout: Layout<V>, value: object): Uint8Array => encode(layout.layout, value);

function tunnelHeader({ kind, vni }: TunnelEnds): Uint8Array {
  if (kind === "vxlan")
    return bytesOf(vxlanHeader, { flags: { before: 0, valid: 1, after: 0 }, network: { vni, reserved: 0 } });
  const start = { version: 0, words: 0, control: 0, critical: 0, reserved: 0 };
  return bytesOf(geneveHeader, { start, protocol: EtherType.Bridged, network: { vni, spare: 0 } });
}

/** One hop of 64, never in fragments, and so without an identification of its own (RFC 6864 section 4.1). */
const header4 = ({ local, remote }: TunnelEnds): Uint8Array =>
  bytesOf(ipv4Header, {
    start: { version: 4, words: 5 },
    traffic: { dscp: 0, ecn: 0 },
    totalLength: 0,
    identification: 0,
    fragment: { reserved: 0, dontFragment: 1, moreFragments: 0, offset: 0 },
    ttl: TTL,
    protocol: Protocol.Udp,
    checksum: 0,
    source: local,
    destination: remote,
  });

/** The version stands in the word that is filled in. */
const header6 = ({ local, remote }: TunnelEnds): Uint8Array =>
  bytesOf(ipv6Header, {
    start: { version: 0, dscp: 0, ecn: 0, flowLabel: 0 },
    payloadLength: 0,
    nextHeader: Protocol.Udp,
    hopLimit: TTL,
    source: local,
    destination: remote,
  });

/** The one's-complement sum of bytes as they lie in memory, folded. */
function sumOf(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) for (let i = 0; i < part.length; i += 2) sum += (part[i] ?? 0) | ((part[i + 1] ?? 0) << 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

/** @throws RangeError when the addresses are not of one family. */
export function outerHeader(ends: TunnelEnds): OuterHeader {
  const both = (parse: (text: string) => unknown) => [ends.local, ends.remote].every((one) => parse(one) !== null);
  const family = both(parseIpv4) ? 4 : both(parseIpv6) ? 6 : null;
  if (family === null) throw new RangeError(`'${ends.local}' and '${ends.remote}' are not addresses of one family`);
  const type = family === 4 ? EtherType.Ipv4 : EtherType.Ipv6;
  const ip = family === 4 ? header4(ends) : header6(ends);
  const udp = bytesOf(udpHeader, {
    sourcePort: 0,
    destinationPort: ends.kind === "vxlan" ? OverlayPort.Vxlan : OverlayPort.Geneve,
    length: 0,
    checksum: 0,
  });
  const tunnel = tunnelHeader(ends);
  const pseudo = [ip.subarray(8), Uint8Array.of(0, Protocol.Udp)];
  const all = [bytesOf(ethernetHeader, { ...ends.outer, type }), ip, udp, tunnel, bytesOf(stations, ends.inner)];
  const bytes = new Uint8Array(WORDS * 8);
  bytes.set(all.flatMap((part) => [...part]));
  const view = new DataView(bytes.buffer);
  return {
    family,
    sum: family === 4 ? sumOf(ip) : sumOf(...pseudo, udp, tunnel),
    outer: Array.from({ length: WORDS }, (_, i) => view.getBigUint64(i * 8, true)),
    overhead: ip.length + udp.length + tunnel.length + 14,
  };
}
