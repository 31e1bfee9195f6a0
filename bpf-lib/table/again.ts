/** Where a node would let a packet follow its flow, a flow-table node takes up what it came for once more. */
import { Action, EtherType, program } from "zeta/bpf";
import { withCall } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";

const again = withCall((call) => {
  zeta_node_stages.call(call.packet.type === EtherType.Ipv4 ? Stage.Serve4 : Stage.Serve6);
  return Action.Drop;
});

export const zeta_again = program("zeta_again", again, { slot: { table: zeta_node_stages, index: Stage.Forward } });
