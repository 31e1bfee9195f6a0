/** The shape that every header's codec has, and the numbers by which headers name one another. */
import type { Headers, LayerKind, LayerOf, LayerSpec, SpecOf } from "../packet/layers.ts";

/** What an encoder sees of its surroundings. */
export interface Around {
  /** Encoded bytes of everything inside. */
  readonly payload: Uint8Array;
  readonly next: LayerSpec | undefined;
  /** The layers outside, outermost first. */
  readonly outer: readonly LayerSpec[];
}

export interface Decoded<K extends LayerKind> {
  readonly layer: LayerOf<K>;
  readonly headerSize: number;
  /** What the header carries: without its trailer. */
  readonly payload: Uint8Array;
  /** Null: nobody here knows, the rest is payload. */
  readonly next: LayerKind | null;
  /** Bytes that the header's own length promises and that are not there. */
  readonly missing: number;
}

/** Why a header could not be read: "needs 20 bytes, 7 are left". */
export interface Stop {
  readonly stop: string;
}

export interface Codec<K extends LayerKind> {
  /** Bytes from this header on, payload and trailer included. */
  encode(spec: SpecOf<K>, around: Around): Uint8Array;
  /** `bytes` begin with the header and end with the datagram that carries it. */
  decode(bytes: Uint8Array): Decoded<K> | Stop;
  /** The fields that an encoder computes when they are left out. */
  readonly computed: readonly (keyof Headers[K])[];
}

export const needs = (size: number, bytes: Uint8Array): Stop => ({
  stop: `needs ${size} bytes, ${bytes.length} are left`,
});

export const ETHER_TYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  serviceVlan: 0x88a8,
  ipv6: 0x86dd,
  ethernet: 0x6558,
  /** IEEE 802 local experimental EtherType 1. */
  experimental: 0x88b5,
} as const;

const BY_ETHER_TYPE: Readonly<Record<number, LayerKind>> = {
  [ETHER_TYPE.ipv4]: "ipv4",
  [ETHER_TYPE.arp]: "arp",
  [ETHER_TYPE.vlan]: "vlan",
  [ETHER_TYPE.serviceVlan]: "vlan",
  [ETHER_TYPE.ipv6]: "ipv6",
};
export const layerOfEtherType = (type: number): LayerKind | null => BY_ETHER_TYPE[type] ?? null;

/** The EtherType that announces `next`; a VLAN tag is 802.1Q unless the layer before it says otherwise. */
export function etherTypeOf(next: LayerSpec | undefined): number {
  switch (next?.kind) {
    case "ipv4":
    case "arp":
    case "ipv6":
    case "vlan":
    case "ethernet":
      return ETHER_TYPE[next.kind];
    default:
      return ETHER_TYPE.experimental;
  }
}

/** IANA protocol numbers. */
export const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  icmpv6: 58,
  none: 59,
  destinationOptions: 60,
  /** RFC 3692: for experiments. */
  experimental: 253,
} as const;

const BY_PROTOCOL = new Map<number, LayerKind>([
  [PROTOCOL.icmp, "icmp"],
  [PROTOCOL.ipv4, "ipv4"],
  [PROTOCOL.tcp, "tcp"],
  [PROTOCOL.udp, "udp"],
  [PROTOCOL.ipv6, "ipv6"],
  [PROTOCOL.icmpv6, "icmpv6"],
]);
const EXTENSIONS = new Map<number, LayerKind>([
  [PROTOCOL.hopByHop, "hopByHop"],
  [PROTOCOL.routing, "routing"],
  [PROTOCOL.fragment, "fragment"],
  [PROTOCOL.destinationOptions, "destinationOptions"],
]);
export const layerOfProtocol = (protocol: number): LayerKind | null => BY_PROTOCOL.get(protocol) ?? null;
/** In IPv6 the extension headers come on top. */
export const layerOfNextHeader = (protocol: number): LayerKind | null =>
  EXTENSIONS.get(protocol) ?? layerOfProtocol(protocol);

export function protocolOf(next: LayerSpec | undefined): number {
  if (next === undefined) return PROTOCOL.none;
  return next.kind in PROTOCOL ? PROTOCOL[next.kind as keyof typeof PROTOCOL] : PROTOCOL.experimental;
}

export const PORT = { vxlan: 4789, geneve: 6081 } as const;
export const EMPTY = new Uint8Array(0);
