/** Where a packet goes by the kernel's own routes and neighbours (bpf_fib_lookup). */
import {
  EtherType,
  FibResult,
  fibLookup,
  fibParameters,
  ipv4Header,
  local,
  type Of,
  swapBytes,
  type u8,
  u32,
  type u64,
} from "zeta/bpf";
import type { Words } from "../flow/table.ts";
import { network, type Parts } from "../packet/open.ts";
import { ipv6Words } from "../packet/words.ts";
import { neighbourSlot } from "./hop.ts";

const AF_INET = 2;
const AF_INET6 = 10;

/** What is asked about a packet that is not what it will be: its addresses then. */
export interface Between {
  readonly source: Words;
  readonly destination: Words;
}

/** Where the kernel would send a packet. */
export interface Resolved {
  /** The hop; 0 when the kernel would not forward the packet. */
  readonly slot: u32;
  /** Whether it would take the packet itself, or throw it away: the address is the node's, or its services'. */
  readonly here: boolean;
}

/** Where packets of the family go, whatever their length. */
export const resolveBetween = (isIpv4: boolean, ends: Between, protocol: u8, arrived: u32, now: u64): Resolved => {
  const question = local(fibParameters);
  const { source, destination } = ends;
  if (isIpv4) {
    question.family = AF_INET;
    question.sourceWords[0] = swapBytes.u32(source[3]);
    question.destinationWords[0] = swapBytes.u32(destination[3]);
  } else {
    question.family = AF_INET6;
    for (const i of [0, 1, 2, 3] as const) {
      question.sourceWords[i] = swapBytes.u32(source[i]);
      question.destinationWords[i] = swapBytes.u32(destination[i]);
    }
  }
  question.protocol = protocol;
  question.interface = arrived;
  const result = fibLookup(question);
  const here = result === FibResult.NotForwarded || result === FibResult.Blackhole;
  return { slot: result === FibResult.Success ? slotOf(question, now) : 0, here };
};

const slotOf = (question: Of<typeof fibParameters>, now: u64): u32 => {
  // The kernel puts the route's MTU where it was told the length (since 5.12).
  const { interface: leaves, destinationMac, sourceMac, totalLength: mtu } = question;
  return neighbourSlot({ interface: leaves, destination: destinationMac, source: sourceMac, mtu }, now);
};

/** What the kernel says of the packet's way: one of `FibResult`, and where it leads. */
export const lookUp = (parts: Parts) => {
  const question = local(fibParameters);
  const ip4 = network(parts, EtherType.Ipv4, ipv4Header);
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  if (ip4 !== null) {
    question.family = AF_INET;
    question.sourceWords[0] = u32(ip4.source);
    question.destinationWords[0] = u32(ip4.destination);
    question.totalLength = ip4.totalLength;
  } else if (ip6 !== null) {
    const { source, destination } = ip6;
    question.family = AF_INET6;
    for (const i of [0, 1, 2, 3] as const) {
      question.sourceWords[i] = swapBytes.u32(source[i]);
      question.destinationWords[i] = swapBytes.u32(destination[i]);
    }
  }
  question.protocol = parts.protocol;
  question.interface = parts.frame.ingressInterface;
  return { result: fibLookup(question), question };
};

/** Asks for the packet's hop; 0 when the kernel would not forward it (it then answers, resolves or drops by itself). */
export const resolve = (parts: Parts, now: u64): u32 => {
  const { result, question } = lookUp(parts);
  return result === FibResult.Success ? slotOf(question, now) : 0;
};
