/** Network headers as both families have them in common (RFC 7915 sections 4.1 and 5.1), read and written. */
import {
  type Frame,
  fragmentHeader,
  ipv4Header,
  ipv6Header,
  type Of,
  Protocol,
  random,
  type u8,
  u16,
  type u32,
} from "zeta/bpf";
import type { Ends } from "../packet/rewrite.ts";
import { sumOf } from "../packet/span.ts";
import { updated } from "../packet/sums.ts";
import { ipv4Words, ipv6Words } from "../packet/words.ts";

type Words = Ends["source"];

export const IPV4 = 20;
export const IPV6 = 40;
export const FRAGMENT = 8;
/** What every IPv6 link carries is 1280 bytes: 1260 of IPv4. */
const ALWAYS_CARRIED = 1260;

/** What a header says that its translation says too. */
export interface Common {
  readonly dscp: u32;
  readonly ecn: u32;
  /** TTL or hop limit: ageing is the forwarder's. */
  readonly limit: u8;
  /** Whether it is a fragment or, in IPv6, has the header of one. */
  readonly fragmented: boolean;
  /** In units of 8 bytes. */
  readonly offset: u32;
  readonly more: u32;
  readonly identification: u32;
}

export const readIpv4 = (ip: Of<typeof ipv4Header>): Common => ({
  dscp: ip.traffic.dscp,
  ecn: ip.traffic.ecn,
  limit: ip.ttl,
  fragmented: ip.fragment.offset !== 0 || ip.fragment.moreFragments !== 0,
  offset: ip.fragment.offset,
  more: ip.fragment.moreFragments,
  identification: ip.identification,
});

/** `fragmentAt`: where its fragment header is; 0 for none. */
export const readIpv6 = (frame: Frame, ip: Of<typeof ipv6Header>, fragmentAt: u32): Common => {
  const extension = fragmentAt === 0 ? null : frame.cursor(fragmentAt).peek(fragmentHeader);
  return {
    dscp: ip.start.dscp,
    ecn: ip.start.ecn,
    limit: ip.hopLimit,
    fragmented: extension !== null,
    offset: extension === null ? 0 : extension.fragment.offset,
    more: extension === null ? 0 : extension.fragment.moreFragments,
    identification: extension === null ? 0 : extension.identification,
  };
};

/** Writes an IPv6 header and, for a fragment, its fragment header; `payload` counts the bytes behind both. */
export const writeIpv6 = (
  frame: Frame,
  at: u32,
  common: Common,
  protocol: u8,
  payload: u32,
  source: Words,
  destination: Words,
): boolean => {
  const ip = frame.cursor(at).peek(ipv6Header);
  const words = frame.cursor(at).peek(ipv6Words);
  if (ip === null || words === null) return false;
  ip.start = { version: 6, dscp: common.dscp, ecn: common.ecn, flowLabel: 0 };
  ip.payloadLength = u16(payload + (common.fragmented ? FRAGMENT : 0));
  ip.nextHeader = common.fragmented ? Protocol.Fragment : protocol;
  ip.hopLimit = common.limit;
  words.source = source.address;
  words.destination = destination.address;
  if (!common.fragmented) return true;
  const extension = frame.cursor(at + IPV6).peek(fragmentHeader);
  if (extension === null) return false;
  extension.nextHeader = protocol;
  extension.reserved = 0;
  extension.fragment = { offset: common.offset, spare: 0, moreFragments: common.more };
  extension.identification = common.identification;
  return true;
};

/**
 * Writes an IPv4 header without options. Packets that every IPv6 link carries may be fragmented further on, larger ones
 * not, so that senders learn of smaller links; `numbered`: whether one that may be gets an identification.
 */
export const writeIpv4 = (
  frame: Frame,
  at: u32,
  common: Common,
  protocol: u8,
  payload: u32,
  source: Words,
  destination: Words,
  numbered: boolean,
): boolean => {
  const ip = frame.cursor(at).peek(ipv4Header);
  const words = frame.cursor(at).peek(ipv4Words);
  if (ip === null || words === null) return false;
  const total = payload + IPV4;
  const whole = !common.fragmented && total > ALWAYS_CARRIED;
  ip.start = { version: 4, words: 5 };
  ip.traffic = { dscp: common.dscp, ecn: common.ecn };
  ip.totalLength = u16(total);
  ip.identification = u16(common.fragmented || whole || !numbered ? common.identification : random());
  ip.fragment = {
    reserved: 0,
    dontFragment: whole ? 1 : 0,
    moreFragments: common.more,
    offset: common.offset,
  };
  ip.ttl = common.limit;
  ip.protocol = protocol;
  words.source = source.address[3];
  words.destination = destination.address[3];
  ip.checksum = 0;
  words.checksum = updated(0xffff, sumOf(frame, at, IPV4, IPV4));
  return true;
};
