/** An error of ICMPv6 becomes one of ICMP, the packet that it quotes too (RFC 7915 sections 5.2 and 5.3). */
import { type Action, EtherType, icmpHeader, ipv6Header, Protocol, type u32, type u64 } from "zeta/bpf";
import type { Embedded } from "../icmp/embedded.ts";
import { datagramEnd, network, type Parts } from "../packet/open.ts";
import type { Ends } from "../packet/rewrite.ts";
import { sumOf } from "../packet/span.ts";
import { icmpWords, ipv6Words } from "../packet/words.ts";
import { ERROR, isEcho, quotedType, secondWord, turnedBack, withoutWords, writeError } from "./error.ts";
import { moveHead } from "./head.ts";
import { IPV4, IPV6, readIpv6, writeIpv4 } from "./headers.ts";
import { echoInIpv4, errorInIpv4 } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { addressOf, pseudo, putEcho, putSegment, sumOf4, without, without6 } from "./transport.ts";

const MOST_LENGTH = 0xffff;

/** As `errorToIpv6`, the other way. Errors and quotes with extension headers are refused. */
export const errorToIpv4 = (
  parts: Parts,
  quote: Embedded,
  to: Ends,
  use: (parts: Parts) => Action,
  refuse: (why: u32) => Action,
  from: Ends["source"] = to.source,
): Action => {
  const { frame, networkAt, transportAt } = parts;
  const ip = network(parts, EtherType.Ipv6, ipv6Header);
  const outerWords = network(parts, EtherType.Ipv6, ipv6Words);
  const cursor = frame.cursor(transportAt);
  const error = cursor.peek(icmpHeader);
  const words = cursor.take(icmpWords);
  const inner = cursor.peek(ipv6Header);
  const old = cursor.peek(ipv6Words);
  const end = datagramEnd(parts);
  if (ip === null || outerWords === null || error === null || words === null || inner === null || old === null)
    return refuse(Refusal.Malformed);
  if (end > frame.length || inner.payloadLength + IPV4 > MOST_LENGTH) return refuse(Refusal.Malformed);
  if (transportAt - networkAt !== IPV6 || quote.transportAt - quote.networkAt !== IPV6) return refuse(Refusal.Options);
  const message = errorInIpv4(error.type, error.code, secondWord(error));
  if (!message.known) return refuse(Refusal.Message);
  const common = readIpv6(frame, ip, 0);
  const quoted = readIpv6(frame, inner, 0);
  const echo = echoInIpv4(quotedType(parts, quote.transportAt));
  const { checksum } = words;
  const payload: u32 = inner.payloadLength;
  const before = end - transportAt;
  const without6Quoted: u64 = without6(old);
  const gone: u64 =
    withoutWords(words) +
    without(sumOf(frame, transportAt + ERROR, IPV6, IPV6)) +
    without(pseudo(Protocol.Icmpv6, before)) +
    without6(outerWords);
  const protocol = isEcho(quote.protocol) ? Protocol.Icmp : quote.protocol;
  const ethernet = moveHead(parts, IPV6 + ERROR + IPV6, IPV4 + ERROR + IPV4, EtherType.Ipv4);
  if (ethernet === null) return refuse(Refusal.Room);
  const quoteAt = networkAt + IPV4 + ERROR;
  const length = before - (IPV6 - IPV4);
  if (!writeIpv4(frame, networkAt, common, Protocol.Icmp, length, from, to.destination, true))
    return refuse(Refusal.Room);
  if (!writeIpv4(frame, quoteAt, quoted, protocol, payload, to.destination, to.source, false))
    return refuse(Refusal.Room);
  const moved: Parts = {
    ...parts,
    ethernet,
    type: EtherType.Ipv4,
    transportAt: networkAt + IPV4,
    protocol: Protocol.Icmp,
    source: addressOf(from),
    destination: addressOf(to.destination),
  };
  const packet: Parts = { ...moved, networkAt: quoteAt, transportAt: quoteAt + IPV4, protocol };
  const inside: u64 = isEcho(protocol)
    ? putEcho(packet, echo, turnedBack(to), without6Quoted + without(pseudo(Protocol.Icmpv6, payload)))
    : putSegment(
        packet,
        quote.end - 2 * (IPV6 - IPV4),
        turnedBack(to),
        without6Quoted + sumOf4(to.source) + sumOf4(to.destination),
      );
  const sum: u64 = gone + inside + sumOf(frame, quoteAt, IPV4, IPV4);
  return writeError(frame, moved.transportAt, message, checksum, sum) ? use(moved) : refuse(Refusal.Room);
};
