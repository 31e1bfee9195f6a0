/** Where a packet goes next: the kernel's routes and neighbours (bpf_fib_lookup), kept with the flow for a while. */
import {
  Action,
  clock,
  EtherType,
  FibResult,
  fibLookup,
  fibParameters,
  ipv4Header,
  local,
  type Of,
  redirect,
  swapBytes,
  u32,
  type u64,
} from "zeta/bpf";
import type { nextHop } from "../flow/entry.ts";
import { network, type Parts } from "../packet/open.ts";
import { ipv6Words } from "../packet/words.ts";
import { age } from "./age.ts";

const AF_INET = 2;
const AF_INET6 = 10;
/** How long a route is trusted, in ticks: one second at the slowest tick rate (100 Hz). */
const TRUSTED_TICKS = 100n;

type Hop = Of<typeof nextHop>;

/** Asks the kernel; false when it would not forward (it then answers, resolves or drops by itself). */
const ask = (parts: Parts, hop: Hop, now: u64): boolean => {
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
    question.sourceWords[0] = swapBytes.u32(source[0]);
    question.sourceWords[1] = swapBytes.u32(source[1]);
    question.sourceWords[2] = swapBytes.u32(source[2]);
    question.sourceWords[3] = swapBytes.u32(source[3]);
    question.destinationWords[0] = swapBytes.u32(destination[0]);
    question.destinationWords[1] = swapBytes.u32(destination[1]);
    question.destinationWords[2] = swapBytes.u32(destination[2]);
    question.destinationWords[3] = swapBytes.u32(destination[3]);
  }
  question.protocol = parts.protocol;
  question.interface = parts.frame.ingressInterface;
  if (fibLookup(question) !== FibResult.Success) return false;
  hop.interface = question.interface;
  hop.destination = question.destinationMac;
  hop.source = question.sourceMac;
  hop.until = now + TRUSTED_TICKS;
  return true;
};

/** Sends the packet to its next hop; what the kernel must see to (unknown neighbour, expired packet, no route) passes to it. */
export const forward = (parts: Parts, hop: Hop): Action => {
  const now = clock("jiffies");
  if (hop.until - now - 1n >= TRUSTED_TICKS && !ask(parts, hop, now)) return Action.Pass;
  if (!age(parts)) return Action.Pass;
  parts.ethernet.destination = hop.destination;
  parts.ethernet.source = hop.source;
  return redirect(hop.interface);
};
