/** Ageing: every packet that is forwarded has one hop less to live (RFC 1812 section 5.3.1, RFC 8200 section 3). */
import { EtherType, ipv6Header, u8, u16 } from "zeta/bpf";
import { network, type Parts } from "../packet/open.ts";
import { changed, updated } from "../packet/sums.ts";
import { ipv4Words } from "../packet/words.ts";

/** Whether the packet may not be forwarded any further: its time to live or hop limit is one, or none at all. */
export const isLast = (parts: Parts): boolean => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) return (ip4.ttlAndProtocol & 0xff) <= 1;
  const ip6 = network(parts, EtherType.Ipv6, ipv6Header);
  return ip6 !== null && ip6.hopLimit <= 1;
};

/**
 * Takes one from the time to live or hop limit; false, and nothing is changed, when that was the last or there was none: the
 * packet then goes no further, and its sender is told that its time is exceeded.
 */
export const age = (parts: Parts): boolean => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  const ip6 = network(parts, EtherType.Ipv6, ipv6Header);
  if (ip4 !== null) {
    const from = ip4.ttlAndProtocol;
    // The time to live is the word's low byte in memory order.
    if ((from & 0xff) <= 1) return false;
    const to = from - 1;
    ip4.ttlAndProtocol = u16(to);
    ip4.checksum = updated(ip4.checksum, changed(from, to));
  } else if (ip6 !== null) {
    if (ip6.hopLimit <= 1) return false;
    ip6.hopLimit = u8(ip6.hopLimit - 1);
  }
  return true;
};
