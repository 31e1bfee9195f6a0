/** Behind an operation that has come: the packet is parsed, and goes on with the tables of its family. */
import { Action, EtherType, program, type u32 as U32 } from "zeta/bpf";
import { type Family, withFamily } from "../flow/table.ts";
import { withPacketAnew } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import type { Parts } from "../packet/open.ts";
import { note } from "../packet/reopen.ts";
import { readBoth, readFlow } from "./ahead.ts";
import { type InHand, portsIn, zeta_table_operation } from "./operation.ts";

/** @param read what the operation will need, ahead (ahead.ts) */
export const turnBy = (read: (parts: Parts, family: Family, hand: InHand) => U32) =>
  withPacketAnew((parts, call) => {
    const hand = zeta_table_operation.at(0);
    if (hand === null) return Action.Aborted;
    // What is not the first of a packet's fragments has its ports with it.
    note(parts.later ? { ...parts, ...portsIn(hand.of.detail) } : parts, call.packet);
    hand.ahead = withFamily(parts, (family) => read(parts, family, hand));
    zeta_node_stages.call(parts.type === EtherType.Ipv4 ? Stage.Serve4 : Stage.Serve6);
    return Action.Drop;
  });

/** A forwarder caches the entries that come. */
export const zeta_turn = program(
  "zeta_turn",
  turnBy((_, family, hand) => (hand.withEntry === 0 ? 0 : readBoth(readFlow, family, hand.entry))),
  { slot: { table: zeta_node_stages, index: Stage.Turn } },
);
