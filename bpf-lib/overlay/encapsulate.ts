/**
 * Into a tunnel: an Ethernet frame becomes VXLAN (RFC 7348) or Geneve (RFC 8926) over either family, by copying a hop's
 * prepared headers before it and filling in what this packet decides: lengths, the inner traffic class (RFC 6040 normal
 * mode, RFC 2983 uniform model), the flow's entropy (UDP source port, and over IPv6 the flow label, RFC 6438), checksums.
 *
 * Over IPv4 the UDP checksum is zero, as both RFCs have it by default. Over IPv6 it is made, over all of the packet: RFC 6935
 * would allow zero, but receivers drop that unless told otherwise, Linux among them (docs/decisions/0030-outer-checksums.md).
 */
import {
  array,
  EtherType,
  type Frame,
  type Of,
  struct,
  swapBytes,
  type u16 as U16,
  type u32 as U32,
  u16,
  u32,
  u64,
} from "zeta/bpf";
import { network, type Parts } from "../packet/open.ts";
import { longSumOf } from "../packet/span.ts";
import { updated } from "../packet/sums.ts";
import { ipv4Words, ipv6Words } from "../packet/words.ts";
import { OVERHEAD4, OVERHEAD6, type tunnelHop } from "./hop.ts";

/** What it needs of a hop, whichever table that stands in. */
type Hop = Pick<Of<typeof tunnelHop>, "family" | "sum" | "outer">;

const ETHERNET = 14;
const UDP4 = 34;
const UDP6 = 54;

const outer4 = struct({ words: array(u64, 7), most: u32, last: u16 });
const outer6 = struct({ words: array(u64, 10) });
const end6 = struct({ last: u16 });

/** A UDP source port from 49152 on (RFC 7348 section 5), in memory order: the two highest bits are set. */
const portOf = (hash: U32): U32 => (hash & 0xff3f) | 0x00c0;
const swapped = (value: U32): U32 => swapBytes.u16(u16(value));

const encapsulate4 = (frame: Frame, hop: Hop, hash: U32, traffic: U32): boolean => {
  if (!frame.adjustHead(-OVERHEAD4)) return false;
  const to = frame.cursor().peek(outer4);
  if (to === null) return false;
  const { outer } = hop;
  const length = swapped(frame.length - ETHERNET);
  const checksum: U16 = updated(u16(~hop.sum), u64(length) + u64(traffic << 8));
  const last = outer[7];
  to.words[0] = outer[0];
  to.words[1] = outer[1] | (u64(traffic) << 56n);
  to.words[2] = outer[2] | u64(length);
  to.words[3] = outer[3] | u64(checksum);
  to.words[4] = outer[4] | (u64(portOf(hash)) << 16n) | (u64(swapped(frame.length - UDP4)) << 48n);
  to.words[5] = outer[5];
  to.words[6] = outer[6];
  to.most = u32(last);
  to.last = u16(last >> 32n);
  return true;
};

const encapsulate6 = (frame: Frame, hop: Hop, hash: U32, traffic: U32): boolean => {
  if (!frame.adjustHead(-OVERHEAD6)) return false;
  const to = frame.cursor().peek(outer6);
  const end = frame.cursor(80).peek(end6);
  if (to === null || end === null) return false;
  const { outer } = hop;
  const length = swapped(frame.length - UDP6);
  const port = portOf(hash);
  to.words[0] = outer[0];
  // Version, traffic class and flow label, a nibble apart: 6T TL LL LL.
  const label: U32 = hash >> 12;
  const start = swapBytes.u32((6 << 28) | (traffic << 20) | label);
  to.words[1] = outer[1] | (u64(start & 0xffff) << 48n);
  to.words[2] = outer[2] | u64(start >> 16) | (u64(length) << 16n);
  for (const i of [3, 4, 5, 8, 9] as const) to.words[i] = outer[i];
  to.words[6] = outer[6] | (u64(port) << 48n);
  end.last = u16(outer[10]);
  to.words[7] = outer[7] | (u64(length) << 16n);
  // The length counts twice: in the pseudo-header and in the UDP header.
  const constant = u64(hop.sum) + u64(port) + u64(length) + u64(length);
  const checksum: U16 = updated(0xffff, constant + longSumOf(frame, OVERHEAD6, frame.length - OVERHEAD6));
  const udp = frame.cursor(UDP6 + 6).peek(end6);
  // Zero would say that there is none (RFC 768).
  if (udp !== null) udp.last = checksum === 0 ? 0xffff : checksum;
  return true;
};

/**
 * Puts the frame into the hop's tunnel, with the hop's addresses in the Ethernet header inside; false when there is no room
 * for that. `hash` is the same for all packets of a flow; `traffic` is the traffic class inside: DSCP and ECN, eight bits.
 * All views and cursors from before are dead.
 */
export const encapsulate = (frame: Frame, hop: Hop, hash: U32, traffic: U32): boolean =>
  hop.family === 6 ? encapsulate6(frame, hop, hash, traffic) : encapsulate4(frame, hop, hash, traffic);

/** The traffic class of a packet that has been parsed: DSCP and ECN, eight bits. */
export const trafficOf = (parts: Parts): U32 => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) return ip4.start >> 8;
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  return ip6 === null ? 0 : (swapBytes.u32(ip6.start) >> 20) & 0xff;
};
