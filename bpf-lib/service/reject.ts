/** Packets that a middlebox refuses: counted by reason and dropped, or, when rejected, answered. */
import { Action, type address, EtherType, isIpv4, Protocol, type u32 as U32, u32 } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { type Parts, tcpOf } from "../packet/open.ts";
import { countDrop } from "../state/counter.ts";
import { answerReset } from "./reset.ts";
import { answerUnreachable4, answerUnreachable6 } from "./unreachable.ts";

/** The bit of a MAC address that says it is a group's. */
const GROUP = 1n << 40n;
const FIRST_MULTICAST4 = 224;
const MULTICAST6 = 0xff;

/** Whether an address can be one host's: not unspecified, multicast or broadcast. */
const isHost = (of: address): boolean => {
  if (!isIpv4(of)) return of !== 0n && u32(of >> 120n) !== MULTICAST6;
  const first: U32 = u32(of) >> 24;
  return first !== 0 && first < FIRST_MULTICAST4;
};

/** Nothing is answered that did not go from one host to one host (RFC 1122 section 3.2.2, RFC 4443 section 2.4). */
const answer = (parts: Parts): Action => {
  const toGroup = (parts.ethernet.destination & GROUP) !== 0n;
  if (parts.later || toGroup || !isHost(parts.source) || !isHost(parts.destination)) return Action.Drop;
  if (parts.protocol === Protocol.Tcp) {
    const tcp = tcpOf(parts);
    return tcp === null ? Action.Drop : answerReset(parts, tcp);
  }
  return parts.type === EtherType.Ipv4 ? answerUnreachable4(parts) : answerUnreachable6(parts);
};

export const refuse = (parts: Parts, kind: U32, reason: U32): Action => {
  countDrop(reason);
  return kind === OutcomeKind.Reject ? answer(parts) : Action.Drop;
};
