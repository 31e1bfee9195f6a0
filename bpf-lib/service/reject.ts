/** What the sender of a rejected packet is told: a reset of its connection, or else that it is prohibited. */
import { Action, Protocol, type u32 } from "zeta/bpf";
import { complain } from "../icmp/errors.ts";
import { prohibited } from "../icmp/kinds.ts";
import { betweenHosts } from "../packet/hosts.ts";
import { type Parts, tcpOf } from "../packet/open.ts";
import { answerReset } from "./reset.ts";

/** In a network, by its VNI: 0 outside overlays. */
export const answerRejected = (parts: Parts, network: u32): Action => {
  if (parts.protocol !== Protocol.Tcp) return complain(parts, prohibited, 0n, network) ? Action.Transmit : Action.Drop;
  const tcp = betweenHosts(parts) ? tcpOf(parts) : null;
  return tcp === null ? Action.Drop : answerReset(parts, tcp);
};
