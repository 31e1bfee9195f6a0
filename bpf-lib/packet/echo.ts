/**
 * Identifiers of ICMP echo messages as ports (RFC 5508 section 3.1): the identifier is the port of the end that asked and
 * chose it; the end that replies has port 0. So a request and its reply are one flow, and two ends that ask each other
 * under one identifier are two.
 */
import { IcmpType, Icmpv6Type, type Of, Protocol, type u8, type u32, type u64 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Ends } from "./rewrite.ts";
import { changed } from "./sums.ts";
import type { icmpWords } from "./words.ts";

/** The end whose port the identifier is, as a bit of `Change`; 0 for messages that are no echo. */
export const identified = (protocol: u8, type: u32): u32 => {
  const request: u32 = protocol === Protocol.Icmp ? IcmpType.Echo : Icmpv6Type.Echo;
  const reply: u32 = protocol === Protocol.Icmp ? IcmpType.EchoReply : Icmpv6Type.EchoReply;
  return type === request ? Change.Source : type === reply ? Change.Destination : 0;
};

const LOW_BYTE = 0xff;

/** Changes the identifier to the new port of its end; gives what that adds to the sum. */
export const putIdentifier = (message: Of<typeof icmpWords>, protocol: u8, to: Ends): u64 => {
  const end = identified(protocol, message.typeAndCode & LOW_BYTE) & to.change;
  if (end === 0) return 0n;
  const next = end === Change.Source ? to.source.port : to.destination.port;
  const change = changed(message.identifier, next);
  message.identifier = next;
  return change;
};
