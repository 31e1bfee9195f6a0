/** Where a packet goes next: the kernel's routes and neighbours (bpf_fib_lookup), kept with the flow for a while. */
import {
  Action,
  clock,
  FibResult,
  fibLookup,
  fibParameters,
  local,
  type Of,
  redirect,
  swapBytes,
  type u64,
} from "zeta/bpf";
import type { nextHop } from "../flow/entry.ts";
import type { Parts } from "../packet/open.ts";
import { changed, updated } from "../packet/sums.ts";

const AF_INET = 2;
const AF_INET6 = 10;
/** How long a route is trusted, in ticks: at most four seconds, at the slowest tick rate (100 Hz). */
const TRUSTED_TICKS = 100n;

type Hop = Of<typeof nextHop>;

/** Asks the kernel; false when it would not forward (it then answers, resolves or drops by itself). */
const ask = (parts: Parts, hop: Hop, now: u64): boolean => {
  const question = local(fibParameters);
  const { ip4Words, ip6Words } = parts;
  if (ip4Words !== null) {
    question.family = AF_INET;
    question.sourceWords[0] = swapBytes.u32(ip4Words.source);
    question.destinationWords[0] = swapBytes.u32(ip4Words.destination);
    question.totalLength = parts.ip4 === null ? 0 : parts.ip4.totalLength;
  } else if (ip6Words !== null) {
    question.family = AF_INET6;
    for (let i = 0; i < 4; i++) {
      question.sourceWords[i] = swapBytes.u32(ip6Words.source[i] ?? 0);
      question.destinationWords[i] = swapBytes.u32(ip6Words.destination[i] ?? 0);
    }
    question.totalLength = parts.ip6 === null ? 0 : 40;
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

/** One hop less to live; false when that was the last. */
const age = (parts: Parts): boolean => {
  const { ip4, ip4Words, ip6 } = parts;
  if (ip4 !== null && ip4Words !== null) {
    if (ip4.ttl <= 1) return false;
    const from = ip4Words.ttlAndProtocol;
    ip4Words.ttlAndProtocol = from - 1 < 0x1_0000 ? (from - 1) & 0xffff : 0;
    ip4Words.checksum = updated(ip4Words.checksum, changed(from, ip4Words.ttlAndProtocol));
  } else if (ip6 !== null) {
    if (ip6.hopLimit <= 1) return false;
    ip6.hopLimit = (ip6.hopLimit - 1) & 0xff;
  }
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
