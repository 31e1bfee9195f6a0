/** Packets that a middlebox refuses: counted by reason and dropped, or, when rejected, answered. */
import { Action, EtherType, Protocol, type u32 } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { type Parts, tcpOf } from "../packet/open.ts";
import { betweenHosts } from "../packet/turn.ts";
import { countDrop } from "../state/counter.ts";
import { answerReset } from "./reset.ts";
import { answerUnreachable4, answerUnreachable6 } from "./unreachable.ts";

const answer = (parts: Parts): Action => {
  if (!betweenHosts(parts)) return Action.Drop;
  if (parts.protocol === Protocol.Tcp) {
    const tcp = tcpOf(parts);
    return tcp === null ? Action.Drop : answerReset(parts, tcp);
  }
  return parts.type === EtherType.Ipv4 ? answerUnreachable4(parts) : answerUnreachable6(parts);
};

export const refuse = (parts: Parts, kind: u32, reason: u32): Action => {
  countDrop(reason);
  return kind === OutcomeKind.Reject ? answer(parts) : Action.Drop;
};
