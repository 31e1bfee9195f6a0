/** After a flow was entered: it is told of, counted, and its packet follows it. */
import { Action, program } from "zeta/bpf";
import { opens } from "../packet/open.ts";
import { tellOpened } from "./lifecycle.ts";
import { countOpened } from "./opened.ts";
import { withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const entered = withPacket((parts, call) => {
  const { source, destination, sourcePort, destinationPort, service, vni, generation } = call;
  tellOpened(parts, { source, destination, sourcePort, destinationPort }, { service, vni, generation });
  // A segment that opens a connection is counted where it is followed.
  if (!opens(parts)) countOpened(service, destination, destinationPort);
  zeta_node_stages.call(Stage.Forward);
  return Action.Drop;
});

export const zeta_entered = program("zeta_entered", entered, {
  slot: { table: zeta_node_stages, index: Stage.Entered },
});
