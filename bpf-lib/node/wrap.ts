/** The last step of a packet whose hop is a tunnel: it is put into it, and leaves. */
import { Action, type Frame, program, redirect } from "zeta/bpf";
import { hashFlow } from "../flow/hash.ts";
import { encapsulate, trafficOf } from "../overlay/encapsulate.ts";
import { open } from "../packet/open.ts";
import { HopKind, zeta_node_hops } from "../route/hop.ts";
import { zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const wrap = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const refused = (reason: number): Action => {
    countNodeDrop(call.service, reason);
    return Action.Drop;
  };
  return open(
    frame,
    (parts) => {
      const hop = zeta_node_hops.at(call.hop);
      if (hop === null || hop.kind !== HopKind.Tunnel) return refused(because.noEndpoint());
      const { source, destination, sourcePort, destinationPort, protocol } = parts;
      const hash = hashFlow(source, destination, sourcePort, destinationPort, protocol);
      if (!encapsulate(frame, hop, hash, trafficOf(parts))) return refused(because.noRoom());
      return redirect(hop.interface);
    },
    () => refused(because.notWhole()),
  );
};

export const zeta_wrap = program("zeta_wrap", wrap, { slot: { table: zeta_node_stages, index: Stage.Wrap } });
