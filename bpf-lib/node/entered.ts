/** After a flow was entered: it is told of, counted, and its packet follows it. */
import { Action, type Frame, program } from "zeta/bpf";
import { open, opens } from "../packet/open.ts";
import { zeta_node_call } from "./call.ts";
import { tellOpened } from "./lifecycle.ts";
import { countOpened } from "./opened.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const entered = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  return open(
    frame,
    (parts) => {
      const { source, destination, sourcePort, destinationPort, service, vni, generation } = call;
      tellOpened(parts, { source, destination, sourcePort, destinationPort }, { service, vni, generation });
      // A segment that opens a connection is counted where it is followed.
      if (!opens(parts)) countOpened(service, destination, destinationPort);
      zeta_node_stages.call(Stage.Forward);
      return Action.Drop;
    },
    () => Action.Drop,
  );
};

export const zeta_entered = program("zeta_entered", entered, {
  slot: { table: zeta_node_stages, index: Stage.Entered },
});
