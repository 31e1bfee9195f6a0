/** Editing one address or one port; what is not named stays as it is now, and all checksums follow. */
import { type address, EtherType, fromIpv4, fromIpv6, ipv4Header, ipv6Header, type Of, type u16 } from "zeta/bpf";
import { Change, type endpointWords } from "../flow/entry.ts";
import { identified } from "./echo.ts";
import { icmpOf, icmpv6Of, network, type Parts, tcpOf, udpOf } from "./open.ts";
import { type Part, putEnds } from "./rewrite.ts";
import { wordsOf } from "./words.ts";

export type End = "source" | "destination";

/** The address that the packet carries now. */
export const addressAt = (parts: Parts, end: End): address => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Header);
  if (ip4 !== null) return fromIpv4(end === "source" ? ip4.source : ip4.destination);
  const ip6 = network(parts, EtherType.Ipv6, ipv6Header);
  if (ip6 !== null) return fromIpv6(end === "source" ? ip6.source : ip6.destination);
  return 0n;
};

/** The port that the packet carries now, an echo's identifier among them; 0 where it has none. */
export const portAt = (parts: Parts, end: End): u16 => {
  const tcp = tcpOf(parts);
  if (tcp !== null) return end === "source" ? tcp.sourcePort : tcp.destinationPort;
  const udp = udpOf(parts);
  if (udp !== null) return end === "source" ? udp.sourcePort : udp.destinationPort;
  const icmp = parts.type === EtherType.Ipv4 ? icmpOf(parts) : icmpv6Of(parts);
  if (icmp === null) return 0;
  return identified(parts.protocol, icmp.type) === (end === "source" ? Change.Source : Change.Destination)
    ? icmp.identifier
    : 0;
};

const put = (parts: Parts, end: End, words: Of<typeof endpointWords>, part: Part): void =>
  putEnds(
    parts,
    { change: end === "source" ? Change.Source : Change.Destination, source: words, destination: words },
    part,
  );

export const putAddress = (parts: Parts, end: End, to: address): void => put(parts, end, wordsOf(to, 0), "address");

/** Of TCP and UDP. */
export const putPort = (parts: Parts, end: End, to: u16): void => put(parts, end, wordsOf(0n, to), "port");
