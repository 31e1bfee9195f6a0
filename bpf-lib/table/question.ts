/** What a packet asks of the chain that keeps its flow, by itself: see the walk in docs/decisions/0016. */
import { Protocol, type u32 } from "zeta/bpf";
import { opens, type Parts, tcpOf } from "../packet/open.ts";
import { Operation } from "./operation.ts";
import type { Path } from "./view.ts";

export const questionOf = (parts: Parts): u32 => {
  const tcp = parts.protocol === Protocol.Tcp ? tcpOf(parts) : null;
  if (tcp === null) return Operation.Lookup;
  if (opens(parts)) return Operation.Decide;
  if ((tcp.control.fin | tcp.control.rst) !== 0) return Operation.Close;
  return tcp.control.syn === 1 ? Operation.Touch : Operation.Lookup;
};

/** The place of the chain that answers it: of the reading node, or of the head. */
export const askedAt = (path: Path, question: u32): u32 => (question === Operation.Lookup ? path.complete - 1 : 0);
