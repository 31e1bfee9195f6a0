/** What the sender of a rejected packet is told. */
import { Action, EtherType, Protocol } from "zeta/bpf";
import { type Parts, tcpOf } from "../packet/open.ts";
import { betweenHosts } from "../packet/turn.ts";
import { answerReset } from "./reset.ts";
import { answerUnreachable4, answerUnreachable6 } from "./unreachable.ts";

export const answerRejected = (parts: Parts): Action => {
  if (!betweenHosts(parts)) return Action.Drop;
  if (parts.protocol === Protocol.Tcp) {
    const tcp = tcpOf(parts);
    return tcp === null ? Action.Drop : answerReset(parts, tcp);
  }
  return parts.type === EtherType.Ipv4 ? answerUnreachable4(parts) : answerUnreachable6(parts);
};
