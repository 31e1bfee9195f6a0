import { bits, header, ipv4, ipv6, u8, u16, u32 } from "../layout/layouts.ts";

/** IP protocol numbers (IANA). The first six are IPv6 extension headers. */
export const Protocol = {
  HopByHop: 0,
  Routing: 43,
  Fragment: 44,
  Authentication: 51,
  NoNext: 59,
  DestinationOptions: 60,
  Icmp: 1,
  Tcp: 6,
  Udp: 17,
  Icmpv6: 58,
} as const;

/** IPv4 without options (RFC 791), 20 bytes; `words` is the header's length in 32-bit words, 5 to 15. */
export const ipv4Header = header({
  start: bits({ version: 4, words: 4 }),
  traffic: bits({ dscp: 6, ecn: 2 }),
  totalLength: u16,
  identification: u16,
  fragment: bits({ reserved: 1, dontFragment: 1, moreFragments: 1, offset: 13 }),
  ttl: u8,
  protocol: u8,
  checksum: u16,
  source: ipv4,
  destination: ipv4,
});

/** IPv6 (RFC 8200), 40 bytes. */
export const ipv6Header = header({
  start: bits({ version: 4, dscp: 6, ecn: 2, flowLabel: 20 }),
  payloadLength: u16,
  nextHeader: u8,
  hopLimit: u8,
  source: ipv6,
  destination: ipv6,
});

/** The first eight bytes of an IPv6 extension header; its length is (words + 1) * 8 bytes. */
export const extensionHeader = header({ nextHeader: u8, words: u8 });

/** IPv6 fragment header (RFC 8200 section 4.5), 8 bytes. */
export const fragmentHeader = header({
  nextHeader: u8,
  reserved: u8,
  fragment: bits({ offset: 13, spare: 2, moreFragments: 1 }),
  identification: u32,
});
