/**
 * ICMP errors follow the flow of the packet that they quote (RFC 5508 sections 4.2 and 4.3): the receiver finds its own
 * packet in the quote, with the addresses, ports and checksums that it sent. Checksums that were wrong stay wrong.
 */
import { EtherType, Protocol, struct, type u8, u16, u32, type u64 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { putIdentifier } from "../packet/echo.ts";
import { type Parts, transport } from "../packet/open.ts";
import { type Ends, putAddresses, putPorts } from "../packet/rewrite.ts";
import { moved } from "../packet/shift.ts";
import { changed, updated } from "../packet/sums.ts";
import { icmpWords } from "../packet/words.ts";
import type { Embedded } from "./embedded.ts";

/** How the numbers of the quoted packet's connection are shifted, and whether the error goes to its client. */
export interface Shift {
  readonly toClient: boolean;
  readonly by: u32;
}
const NONE: Shift = { toClient: false, by: 0 };

/** Where a transport header has its checksum. */
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const halfWord = struct({ value: u16 });
/** And its sequence number, and what it acknowledges. */
const SEQUENCE = 4;
const ACKNOWLEDGEMENT = 8;
const numberWord = struct({ value: u32 });

/** The quoted packet went the other way: what the flow puts at its source was that packet's destination. */
const turned = ({ change, source, destination }: Ends): Ends => ({
  change:
    ((change & Change.Source) === 0 ? 0 : Change.Destination) |
    ((change & Change.Destination) === 0 ? 0 : Change.Source),
  source: destination,
  destination: source,
});

/**
 * Puts back a number of a connection whose numbers are shifted `by` so much on their way to the client (packet/shift.ts): in a
 * quoted packet of the client's what it acknowledged, in one of the server's its own. Gives what that adds to the sum.
 */
const putNumber = (quoted: Parts, end: u32, { toClient, by }: Shift): u64 => {
  const at = quoted.transportAt + (toClient ? ACKNOWLEDGEMENT : SEQUENCE);
  const number = by !== 0 && at + 4 <= end ? quoted.frame.cursor(at).peek(numberWord) : null;
  if (number === null) return 0n;
  const from = number.value;
  number.value = moved(from, toClient ? by : 0 - by);
  return changed(from, number.value);
};

/** Changes the quoted transport header; `addresses` is what its pseudo-header changed by. Gives what that adds to the sum of the quote. */
const putTransport = (quoted: Parts, end: u32, to: Ends, addresses: u64, shift: Shift): u64 => {
  const { transportAt, protocol } = quoted;
  if (protocol === Protocol.Tcp || protocol === Protocol.Udp) {
    const ports = putPorts(quoted, to) + (protocol === Protocol.Tcp ? putNumber(quoted, end, shift) : 0n);
    const at = transportAt + (protocol === Protocol.Tcp ? TCP_CHECKSUM : UDP_CHECKSUM);
    const checksum = at + 2 <= end ? quoted.frame.cursor(at).peek(halfWord) : null;
    if (checksum === null) return ports;
    const from = checksum.value;
    // Zero is UDP's word for none.
    if (protocol === Protocol.Udp && from === 0) return ports;
    const next = updated(from, addresses + ports);
    checksum.value = protocol === Protocol.Udp && next === 0 ? 0xffff : next;
    return ports + changed(from, checksum.value);
  }
  const icmp = transport(quoted, protocol, icmpWords);
  if (icmp === null) return 0n;
  const from = icmp.checksum;
  const identifier = putIdentifier(icmp, protocol, to);
  icmp.checksum = updated(from, (quoted.type === EtherType.Ipv4 ? 0n : addresses) + identifier);
  return identifier + changed(from, icmp.checksum);
};

/**
 * Makes an error what the flow's own packets become: `to` is the entry of the flow that `embeddedKey` told. The outer
 * source becomes the flow's also when a router on the way sent the error: what stands behind a translator is not seen
 * before it (RFC 5508 section 4.3, requirement 5).
 */
export const translateError = (parts: Parts, quote: Embedded, to: Ends, shift: Shift = NONE): void => {
  const { networkAt, transportAt, protocol } = quote;
  const quoted: Parts = { ...parts, networkAt, transportAt, protocol, later: false, segmentsLeft: 0 };
  const back = turned(to);
  const addresses = putAddresses(quoted, back);
  // An IPv4 header's sum stays what it was, its checksum included.
  const header: u64 = parts.type === EtherType.Ipv4 ? 0n : addresses;
  const inside: u64 = header + putTransport(quoted, quote.end, back, addresses, shift);
  const outer = putAddresses(parts, to);
  const error: u8 = parts.type === EtherType.Ipv4 ? Protocol.Icmp : Protocol.Icmpv6;
  const words = transport(parts, error, icmpWords);
  if (words === null) return;
  words.checksum = updated(words.checksum, inside + (parts.type === EtherType.Ipv4 ? 0n : outer));
};
