/**
 * Every header the kit knows, as plain fields: numbers in host order, addresses as text, lengths in bytes.
 * `trailer` is what follows a header's own length inside the frame (Ethernet padding, for instance).
 */
import type { DestinationOption, GeneveOption, Ipv4Option, NeighbourOption, TcpOption } from "./options.ts";

export interface Ethernet {
  readonly destination: string;
  readonly source: string;
  /** EtherType, or the length of an 802.3 frame when below 1536. */
  readonly type: number;
}

/** One 802.1Q or 802.1ad tag; which of them is said by the EtherType before it. */
export interface Vlan {
  readonly priority: number;
  readonly dropEligible: boolean;
  readonly id: number;
  /** EtherType of what follows. */
  readonly type: number;
}

/** ARP for Ethernet and IPv4 (RFC 826). */
export interface Arp {
  readonly hardwareType: number;
  readonly protocolType: number;
  readonly hardwareLength: number;
  readonly protocolLength: number;
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac: string;
  readonly targetAddress: string;
}

export interface Ipv4 {
  readonly version: number;
  readonly headerLength: number;
  readonly dscp: number;
  readonly ecn: number;
  readonly totalLength: number;
  readonly identification: number;
  readonly reservedFlag: boolean;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In bytes: a multiple of 8. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly checksum: number;
  readonly source: string;
  readonly destination: string;
  readonly options: readonly Ipv4Option[];
  readonly trailer: Uint8Array;
}

export interface Ipv6 {
  readonly version: number;
  readonly dscp: number;
  readonly ecn: number;
  readonly flowLabel: number;
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: string;
  readonly destination: string;
  readonly trailer: Uint8Array;
}

/** Hop-by-hop and destination options headers (RFC 8200 sections 4.3 and 4.6). */
export interface OptionsHeader {
  readonly nextHeader: number;
  readonly headerLength: number;
  readonly options: readonly DestinationOption[];
}

/** Routing header (RFC 8200 section 4.4); `addresses` of types 0, 2 and 4 (segment routing, RFC 8754), in wire order. */
export interface Routing {
  readonly nextHeader: number;
  readonly headerLength: number;
  readonly type: number;
  readonly segmentsLeft: number;
  /** The four bytes after segmentsLeft: reserved, or last entry, flags and tag. */
  readonly reserved: number;
  readonly addresses: readonly string[];
  /** What follows the addresses; everything, for other types. */
  readonly data: Uint8Array;
}

/** Fragment header of IPv6 (RFC 8200 section 4.5). */
export interface Fragment {
  readonly nextHeader: number;
  readonly reserved: number;
  /** In bytes: a multiple of 8. */
  readonly offset: number;
  readonly reservedBits: number;
  readonly moreFragments: boolean;
  readonly identification: number;
}

export const TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ae"] as const;
export type TcpFlag = (typeof TCP_FLAGS)[number];

export interface Tcp {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly headerLength: number;
  readonly reserved: number;
  /** In the order of TCP_FLAGS. */
  readonly flags: readonly TcpFlag[];
  readonly window: number;
  readonly checksum: number;
  readonly urgentPointer: number;
  readonly options: readonly TcpOption[];
}

export interface Udp {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly length: number;
  readonly checksum: number;
  readonly trailer: Uint8Array;
}

/** The second word depends on the type; whichever of the fields below applies is there. */
export interface Icmp {
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** Echo and timestamp. */
  readonly identifier?: number;
  readonly sequence?: number;
  /** Destination unreachable: 16 bits (RFC 1191) with 16 unused bits before it. Packet too big (ICMPv6): 32 bits. */
  readonly mtu?: number;
  readonly unused?: number;
  /** Redirect. */
  readonly gateway?: string;
  /** Every other type: the whole word. */
  readonly rest?: number;
}

export interface Icmpv6 extends Omit<Icmp, "gateway" | "unused"> {
  /** Neighbour solicitation and advertisement (RFC 4861). */
  readonly target?: string;
  readonly options?: readonly NeighbourOption[];
}

/** RFC 7348. */
export interface Vxlan {
  /** 8: the VNI is valid. */
  readonly flags: number;
  readonly reserved: number;
  readonly vni: number;
  readonly reservedEnd: number;
}

/** RFC 8926. */
export interface Geneve {
  readonly version: number;
  /** In bytes: a multiple of 4. */
  readonly optionsLength: number;
  readonly control: boolean;
  readonly critical: boolean;
  readonly reserved: number;
  /** EtherType of what follows; 0x6558 is an Ethernet frame. */
  readonly protocol: number;
  readonly vni: number;
  readonly reservedEnd: number;
  readonly options: readonly GeneveOption[];
}

export interface Payload {
  readonly bytes: Uint8Array;
}

export interface Headers {
  readonly ethernet: Ethernet;
  readonly vlan: Vlan;
  readonly arp: Arp;
  readonly ipv4: Ipv4;
  readonly ipv6: Ipv6;
  readonly hopByHop: OptionsHeader;
  readonly routing: Routing;
  readonly fragment: Fragment;
  readonly destinationOptions: OptionsHeader;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly icmp: Icmp;
  readonly icmpv6: Icmpv6;
  readonly vxlan: Vxlan;
  readonly geneve: Geneve;
  readonly payload: Payload;
}

export type LayerKind = keyof Headers;
export type LayerOf<K extends LayerKind> = { readonly kind: K } & Headers[K];
export type Layer = { [K in LayerKind]: LayerOf<K> }[LayerKind];

/** A layer to build: what is left out is computed (lengths, checksums, next protocols) or takes its default. */
export type Wish<K extends LayerKind> = {
  readonly [P in keyof Headers[K]]?: P extends "checksum"
    ? number | "zero" | "wrong" | undefined
    : Headers[K][P] | undefined;
};
export type SpecOf<K extends LayerKind> = { readonly kind: K } & Wish<K>;
export type LayerSpec = { [K in LayerKind]: SpecOf<K> }[LayerKind];
