/** Why a packet has no form in the other address family. It is as it was, and goes nowhere. */
export const Refusal = {
  /** Of the wrong family, cut, or with lengths that lie. */
  Malformed: 1,
  /** With a routing header that has segments left. */
  SourceRoute: 2,
  /** A protocol that means something else in the other family: IPv6's extension headers, the other family's ICMP. */
  Protocol: 3,
  /** An ICMP message that the other family does not have (RFC 7915 sections 4.2 and 5.2). */
  Message: 4,
  /** A fragment of an ICMP message: its checksum needs the whole length (RFC 7915 section 1.2). */
  Fragment: 5,
  /** UDP without checksum that cannot be summed up here: a fragment, or longer than 1500 bytes (RFC 7915 section 4.5). */
  Checksum: 6,
  /** There is no room before the packet. */
  Room: 7,
  /**
   * IPv4 options. RFC 7915 would leave out all but source routes; with a header of any length, the verifier has too many
   * ways to follow.
   */
  Options: 8,
} as const;
