/** Forwarding by the kernel's routes alone, both families, as xdp-forward does it: no flows, no services. */
import {
  Action,
  EtherType,
  FibResult,
  type Frame,
  fibLookup,
  fibParameters,
  ipv4Header,
  ipv6Header,
  local,
  type Of,
  program,
  redirect,
  swapBytes,
  u8,
  u16,
  u32,
} from "zeta/bpf";
import { openLink } from "../../bpf-lib/packet/link.ts";
import { changed, updated } from "../../bpf-lib/packet/sums.ts";
import { ipv4Words, ipv6Words } from "../../bpf-lib/packet/words.ts";

const AF_INET = 2;
const AF_INET6 = 10;
type Question = Of<typeof fibParameters>;

/** Whether the kernel would throw it away. */
const isRefused = (result: u32): boolean =>
  result === FibResult.Blackhole || result === FibResult.Unreachable || result === FibResult.Prohibit;

/** One of `FibResult`; what is not `Success` goes as `otherwise` says. */
const ask = (frame: Frame, question: Question): u32 => {
  question.interface = frame.ingressInterface;
  return fibLookup(question);
};

const otherwise = (result: u32): Action => (isRefused(result) ? Action.Drop : Action.Pass);

export default program("forward", (frame) =>
  openLink(
    frame,
    (ethernet, type, at) => {
      if (at !== 14) return Action.Pass;
      const question = local(fibParameters);
      const network = frame.cursor(at);
      if (type === EtherType.Ipv4) {
        const ip = network.peek(ipv4Header);
        const words = network.peek(ipv4Words);
        if (ip === null || words === null || ip.ttl <= 1) return Action.Pass;
        question.family = AF_INET;
        question.protocol = ip.protocol;
        question.totalLength = ip.totalLength;
        question.sourceWords[0] = u32(ip.source);
        question.destinationWords[0] = u32(ip.destination);
        const result = ask(frame, question);
        if (result !== FibResult.Success) return otherwise(result);
        const from = words.ttlAndProtocol;
        words.ttlAndProtocol = u16(from - 1);
        words.checksum = updated(words.checksum, changed(from, from - 1));
      } else if (type === EtherType.Ipv6) {
        const ip = network.peek(ipv6Header);
        const words = network.peek(ipv6Words);
        if (ip === null || words === null || ip.hopLimit <= 1) return Action.Pass;
        question.family = AF_INET6;
        question.protocol = ip.nextHeader;
        question.totalLength = ip.payloadLength;
        for (const i of [0, 1, 2, 3] as const) {
          question.sourceWords[i] = swapBytes.u32(words.source[i]);
          question.destinationWords[i] = swapBytes.u32(words.destination[i]);
        }
        const result = ask(frame, question);
        if (result !== FibResult.Success) return otherwise(result);
        ip.hopLimit = u8(ip.hopLimit - 1);
      } else return Action.Pass;
      ethernet.destination = question.destinationMac;
      ethernet.source = question.sourceMac;
      return redirect(question.interface);
    },
    () => Action.Pass,
  ),
);
