/**
 * Fragments follow their first (RFC 791, RFC 8200 section 4.5): only the first has ports, the others get theirs from what
 * is remembered of it. What could smuggle another header past is named, to be dropped: first fragments too short for their
 * transport header, and later ones that reach into the first (RFC 1858, RFC 3128, RFC 5722). Later fragments that overlap
 * each other carry data only, and are the receiver's to refuse.
 */
import {
  address,
  bits,
  clock,
  EtherType,
  fragmentHeader,
  ipv4Header,
  map,
  Protocol,
  struct,
  type u16 as U16,
  type u32 as U32,
  u8,
  u16,
  u32,
  u64,
} from "zeta/bpf";
import { datagramEnd, network, type Parts } from "./open.ts";
import { ipv4Words, MORE_OR_LATER } from "./words.ts";

/** What a packet is. All above `Later` go nowhere. */
export const Fragment = { Whole: 0, First: 1, Later: 2, Missing: 3, Tiny: 4, Overlapping: 5, Malformed: 6 } as const;

/** IPv4 counts identifications by protocol; IPv6 does not, since the first fragment alone knows it: 0. */
const fragmentKey = struct({
  source: address,
  destination: address,
  identification: u32,
  network: bits({ vni: 24, protocol: 8 }),
});
/** `until`: in nanoseconds of the coarse clock. `end`: bytes of the original's payload that the first fragment holds. */
const firstFragment = struct({ until: u64, end: u32, sourcePort: u16, destinationPort: u16, protocol: u8 });
export const zeta_node_fragments = map.lruHash({ key: fragmentKey, value: firstFragment, max: 8192 });

/**
 * Receivers wait 60 seconds for the rest, but fragments of one packet travel together, and senders soon use an
 * identification again (RFC 4963).
 */
const LIFE = 2_000_000_000n;
const MOST_LENGTH = 0xffff;
/** What a first fragment must hold: a header without options. */
const TCP_HEADER = 20;
const OTHER_HEADER = 8;

/** Whether the packet is a piece of one, or (IPv6) all of it in one piece. */
export const isFragment = (parts: Parts): boolean => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  return ip4 === null ? parts.fragmentAt !== 0 : (ip4.fragment & MORE_OR_LATER) !== 0;
};

/** The flow that a packet belongs to, as far as fragments know. */
export interface Followed {
  /** Of `Fragment`. */
  readonly fragment: U32;
  readonly protocol: u8;
  readonly sourcePort: U16;
  readonly destinationPort: U16;
}

/** Where the fragment lies in its packet's payload, in bytes; `before`: what the packet's length counts before it. */
const place = (parts: Parts) => {
  let offset: U32 = 0;
  let more = false;
  let identification: U32 = 0;
  let start: U32 = parts.transportAt;
  let before: U32 = parts.transportAt - parts.networkAt;
  const ip = network(parts, EtherType.Ipv4, ipv4Header);
  const extension =
    parts.type === EtherType.Ipv6 && parts.fragmentAt !== 0
      ? parts.frame.cursor(parts.fragmentAt).peek(fragmentHeader)
      : null;
  if (ip !== null) {
    offset = ip.fragment.offset * 8;
    more = ip.fragment.moreFragments === 1;
    identification = ip.identification;
  } else if (extension !== null) {
    offset = extension.fragment.offset * 8;
    more = extension.fragment.moreFragments === 1;
    identification = extension.identification;
    start = parts.fragmentAt + 8;
    before = parts.fragmentAt - parts.networkAt - 40;
  }
  return { offset, more, identification, start, before };
};

/** Whether the packet is not all in one piece. */
export const isPiece = (parts: Parts): boolean => {
  const { offset, more } = place(parts);
  return offset !== 0 || more;
};

const keyOf = (parts: Parts, vni: U32, identification: U32) => ({
  source: parts.source,
  destination: parts.destination,
  identification,
  network: { vni, protocol: parts.type === EtherType.Ipv4 ? parts.protocol : 0 },
});

/** What tells a fragment's packet from others between its ends. */
export const identificationOf = (parts: Parts): U32 => place(parts).identification;

/** What is remembered of a first fragment. */
export interface First {
  /** Bytes of the original's payload that it holds. */
  readonly end: U32;
  readonly sourcePort: U16;
  readonly destinationPort: U16;
  readonly protocol: u8;
}

/** Of a fragment's packet; null when nothing is, or not any more. */
export const firstOf = (parts: Parts, vni: U32): First | null => {
  const first = zeta_node_fragments.get(keyOf(parts, vni, identificationOf(parts)));
  return first === null || first.until < clock("coarse") ? null : first;
};

/** Remembers of a fragment's packet what another node knows of its first. */
export const rememberFirst = (parts: Parts, vni: U32, { end, sourcePort, destinationPort, protocol }: First): void => {
  const until = clock("coarse") + LIFE;
  const key = keyOf(parts, vni, identificationOf(parts));
  zeta_node_fragments.set(key, { until, end, sourcePort, destinationPort, protocol });
};

/**
 * Finds the flow's protocol and ports for a packet that may be a fragment, and remembers those of a first one. An IPv6
 * packet that is its own only fragment is whole (RFC 6946).
 */
export const followFirst = (parts: Parts, vni: U32): Followed => {
  const { protocol, sourcePort, destinationPort } = parts;
  const own = (fragment: U32): Followed => ({ fragment, protocol, sourcePort, destinationPort });
  const { offset, more, identification, start, before } = place(parts);
  if (offset === 0 && !more) return own(Fragment.Whole);
  const end = datagramEnd(parts);
  if (end > parts.frame.length || end <= start) return own(Fragment.Malformed);
  const length: U32 = end - start;
  if (before + offset + length > MOST_LENGTH || (more && length % 8 !== 0)) return own(Fragment.Malformed);
  const key = keyOf(parts, vni, identification);
  if (offset === 0) {
    const least = protocol === Protocol.Tcp ? TCP_HEADER : OTHER_HEADER;
    if (parts.transportAt + least > end) return own(Fragment.Tiny);
    const until = clock("coarse") + LIFE;
    zeta_node_fragments.set(key, { until, end: length, sourcePort, destinationPort, protocol });
    return own(Fragment.First);
  }
  const first = zeta_node_fragments.get(key);
  if (first === null || first.until < clock("coarse")) return own(Fragment.Missing);
  if (offset < first.end) return own(Fragment.Overlapping);
  return {
    fragment: Fragment.Later,
    protocol: first.protocol,
    sourcePort: first.sourcePort,
    destinationPort: first.destinationPort,
  };
};
