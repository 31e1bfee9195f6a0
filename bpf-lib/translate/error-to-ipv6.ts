/** An ICMP error of IPv4 becomes one of ICMPv6, the packet that it quotes too (RFC 7915 sections 4.2 and 4.3). */
import { type Action, EtherType, icmpHeader, ipv4Header, Protocol, type u32, type u64 } from "zeta/bpf";
import type { Embedded } from "../icmp/embedded.ts";
import { datagramEnd, network, type Parts } from "../packet/open.ts";
import type { Ends } from "../packet/rewrite.ts";
import { sumOf } from "../packet/span.ts";
import { icmpWords, ipv4Words } from "../packet/words.ts";
import { ERROR, isEcho, quotedType, secondWord, turnedBack, withoutWords, writeError } from "./error.ts";
import { moveHead } from "./head.ts";
import { IPV4, IPV6, readIpv4, writeIpv6 } from "./headers.ts";
import { echoInIpv6, errorInIpv6 } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { addressOf, pseudo, putEcho, putSegment, sumOf6, without, without4 } from "./transport.ts";

/**
 * `to` is the entry of the flow that `embeddedKey` told; `from` the address that the error then comes from, the flow's
 * unless told. A length of the quote is not kept (RFC 4884): extensions behind it become part of what is quoted.
 */
export const errorToIpv6 = (
  parts: Parts,
  quote: Embedded,
  to: Ends,
  use: (parts: Parts) => Action,
  refuse: (why: u32) => Action,
  from: Ends["source"] = to.source,
): Action => {
  const { frame, networkAt, transportAt } = parts;
  const ip = network(parts, EtherType.Ipv4, ipv4Header);
  const cursor = frame.cursor(transportAt);
  const error = cursor.peek(icmpHeader);
  const words = cursor.take(icmpWords);
  const inner = cursor.peek(ipv4Header);
  const old = cursor.peek(ipv4Words);
  const end = datagramEnd(parts);
  if (ip === null || error === null || words === null || inner === null || old === null || end > frame.length)
    return refuse(Refusal.Malformed);
  if (transportAt - networkAt !== IPV4 || quote.transportAt - quote.networkAt !== IPV4) return refuse(Refusal.Options);
  const common = readIpv4(ip);
  const quoted = readIpv4(inner);
  if (common.fragmented || quoted.fragmented) return refuse(Refusal.Fragment);
  const message = errorInIpv6(error.type, error.code, secondWord(error), inner.totalLength);
  if (!message.known) return refuse(Refusal.Message);
  const echo = echoInIpv6(quotedType(parts, quote.transportAt));
  const { checksum } = words;
  const payload = inner.totalLength - IPV4;
  const addresses: u64 = sumOf6(to.source) + sumOf6(to.destination);
  const change: u64 = without4(old) + addresses;
  const gone: u64 = withoutWords(words) + without(sumOf(frame, transportAt + ERROR, IPV4, IPV4));
  const length = end - transportAt + (IPV6 - IPV4);
  const protocol = isEcho(quote.protocol) ? Protocol.Icmpv6 : quote.protocol;
  const ethernet = moveHead(parts, IPV4 + ERROR + IPV4, IPV6 + ERROR + IPV6, EtherType.Ipv6);
  if (ethernet === null) return refuse(Refusal.Room);
  const quoteAt = networkAt + IPV6 + ERROR;
  if (!writeIpv6(frame, networkAt, common, Protocol.Icmpv6, length, from, to.destination)) return refuse(Refusal.Room);
  if (!writeIpv6(frame, quoteAt, quoted, protocol, payload, to.destination, to.source)) return refuse(Refusal.Room);
  const moved: Parts = {
    ...parts,
    ethernet,
    type: EtherType.Ipv6,
    transportAt: networkAt + IPV6,
    protocol: Protocol.Icmpv6,
    source: addressOf(from),
    destination: addressOf(to.destination),
  };
  const packet: Parts = { ...moved, networkAt: quoteAt, transportAt: quoteAt + IPV6, protocol };
  const inside: u64 = isEcho(protocol)
    ? putEcho(packet, echo, turnedBack(to), addresses + pseudo(Protocol.Icmpv6, payload))
    : putSegment(packet, quote.end + 2 * (IPV6 - IPV4), turnedBack(to), change);
  const outer: u64 = pseudo(Protocol.Icmpv6, length) + sumOf6(from) + sumOf6(to.destination);
  const sum: u64 = gone + inside + outer + sumOf(frame, quoteAt, IPV6, IPV6);
  return writeError(frame, moved.transportAt, message, checksum, sum) ? use(moved) : refuse(Refusal.Room);
};
