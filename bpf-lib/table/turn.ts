/** Behind an operation that has come to a flow-table node: the packet is parsed, and goes on with the tables of its family. */
import { Action, EtherType, program } from "zeta/bpf";
import { withPacketAnew } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { note } from "../packet/reopen.ts";

const turn = withPacketAnew((parts, call) => {
  note(parts, call.packet);
  zeta_node_stages.call(parts.type === EtherType.Ipv4 ? Stage.Serve4 : Stage.Serve6);
  return Action.Drop;
});

export const zeta_turn = program("zeta_turn", turn, { slot: { table: zeta_node_stages, index: Stage.Turn } });
