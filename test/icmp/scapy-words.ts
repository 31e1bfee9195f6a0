/** ICMP messages of each family in scapy's words. */

/** Errors of every kind that quotes a packet. */
export const ERRORS = {
  IPv4: ["ICMP(type=3, code=3)", "ICMP(type=3, code=4, nexthopmtu=1400)", "ICMP(type=11)", "ICMP(type=12, ptr=6)"],
  IPv6: [
    "ICMPv6DestUnreach(code=4)",
    "ICMPv6PacketTooBig(mtu=1280)",
    "ICMPv6TimeExceeded()",
    "ICMPv6ParamProblem(code=1, ptr=6)",
  ],
} as const;

/** An echo that asks, or answers. */
export const ECHO = {
  IPv4: (asks: boolean, id: number): string => `ICMP(type=${asks ? 8 : 0}, id=${id}, seq=9)`,
  IPv6: (asks: boolean, id: number): string => `ICMPv6Echo${asks ? "Request" : "Reply"}(id=${id}, seq=9)`,
} as const;
