/** Behind an operation that has come: the packet is parsed, and goes on with the tables of its family. */
import { Action, EtherType, program } from "zeta/bpf";
import { withPacketAnew } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { note } from "../packet/reopen.ts";
import { type Reading, readAhead, readFlow } from "./ahead.ts";
import { portsIn, zeta_table_operation } from "./operation.ts";

export const turnBy = (read: Reading) =>
  withPacketAnew((parts, call) => {
    const hand = zeta_table_operation.at(0);
    if (hand === null) return Action.Aborted;
    // What is not the first of a packet's fragments has its ports with it.
    note(parts.later ? { ...parts, ...portsIn(hand.of.detail) } : parts, call.packet);
    readAhead(hand, parts, read);
    zeta_node_stages.call(parts.type === EtherType.Ipv4 ? Stage.Serve4 : Stage.Serve6);
    return Action.Drop;
  });

export const zeta_turn = program("zeta_turn", turnBy(readFlow), {
  slot: { table: zeta_node_stages, index: Stage.Turn },
});
