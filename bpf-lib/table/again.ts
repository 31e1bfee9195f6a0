/**
 * Where a node would let a packet follow its flow, a flow-table node takes up what it came for once more. An entry that cannot be
 * entered, since another flow has one of its keys, is tried twice: another CPU may just have been ahead with the same.
 */
import { Action, EtherType, program, u8 } from "zeta/bpf";
import { withCall } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { lost, TableFault } from "./faults.ts";
import { zeta_table_operation } from "./operation.ts";

const again = withCall((call) => {
  const hand = zeta_table_operation.at(0);
  if (hand === null) return Action.Aborted;
  if (hand.withEntry > 1) return lost(TableFault.Conflict);
  hand.withEntry = u8(hand.withEntry << 1);
  zeta_node_stages.call(call.packet.type === EtherType.Ipv4 ? Stage.Serve4 : Stage.Serve6);
  return lost(TableFault.Conflict);
});

export const zeta_again = program("zeta_again", again, { slot: { table: zeta_node_stages, index: Stage.Forward } });
