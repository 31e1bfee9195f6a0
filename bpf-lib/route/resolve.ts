/** Where a packet goes by the kernel's own routes and neighbours (bpf_fib_lookup). */
import { EtherType, FibResult, fibLookup, fibParameters, ipv4Header, local, swapBytes, u32, type u64 } from "zeta/bpf";
import { network, type Parts } from "../packet/open.ts";
import { ipv6Words } from "../packet/words.ts";
import { neighbourSlot } from "./hop.ts";

const AF_INET = 2;
const AF_INET6 = 10;

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
  if (result !== FibResult.Success) return 0;
  const { interface: leaves, destinationMac, sourceMac } = question;
  return neighbourSlot({ interface: leaves, destination: destinationMac, source: sourceMac, mtu: 0 }, now);
};
