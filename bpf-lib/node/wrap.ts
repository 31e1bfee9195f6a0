/** The last step of a packet whose hop is a tunnel: it is put into it, and leaves. */
import { program } from "zeta/bpf";
import { hashFlow } from "../flow/hash.ts";
import { encapsulate, trafficOf } from "../overlay/encapsulate.ts";
import { HopKind, zeta_node_hops } from "../route/hop.ts";
import { Point } from "../trace/record.ts";
import { sendOut, step } from "../trace/trace.ts";
import { because } from "./drops.ts";
import { refused, withPacketAnew } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const wrap = withPacketAnew((parts, call, frame) => {
  step(Point.Wrap, call);
  const hop = zeta_node_hops.at(call.hop);
  if (hop === null || hop.kind !== HopKind.Tunnel) return refused(call, because.noEndpoint());
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const hash = hashFlow(source, destination, sourcePort, destinationPort, protocol);
  if (!encapsulate(frame, hop, hash, trafficOf(parts))) return refused(call, because.noRoom());
  return sendOut(hop.interface);
});

export const zeta_wrap = program("zeta_wrap", wrap, { slot: { table: zeta_node_stages, index: Stage.Wrap } });
