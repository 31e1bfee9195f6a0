/**
 * A packet in a tunnel to the node: what is inside goes on as if it had come by a cable, in its own network. What is wrong with
 * the tunnel is counted as the node's own drop, by name.
 */
import { Action, ethernetHeader, type Frame, program, type u32 } from "zeta/bpf";
import { serviceReason } from "../../sdk/middlebox/internal.ts";
import { Arrival, decapsulate } from "../overlay/decapsulate.ts";
import { TunnelFault, tunnelFaultNames } from "../overlay/faults.ts";
import { isOperation } from "../table/operation.ts";
import { Point } from "../trace/record.ts";
import { step } from "../trace/trace.ts";
import { zeta_node_call } from "./call.ts";
import { countNodeDrop } from "./drops.ts";
import { NODE } from "./services.ts";
import { arriveAgain, Stage, zeta_node_stages } from "./stages.ts";

const faulty = (fault: u32): Action => {
  tunnelFaultNames.forEach((name, index) => {
    if (fault === index) countNodeDrop(NODE, serviceReason(name));
  });
  return Action.Drop;
};

const unwrap = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  const ethernet = frame.cursor().peek(ethernetHeader);
  if (call === null || ethernet === null) return Action.Aborted;
  call.station = ethernet.destination;
  // Of the flow table of a cluster, if this node is in one; others refuse its critical option, as whoever does not know it.
  if (isOperation(frame)) zeta_node_stages.call(Stage.Operation);
  const { is, fault, vni } = decapsulate(frame);
  // What only looked like a tunnel's packet is the host's.
  if (is === Arrival.Plain) return Action.Pass;
  if (is === Arrival.Fault) return faulty(fault);
  if (vni === 0) return faulty(TunnelFault.Network);
  call.vni = vni;
  step(Point.Unwrapped, call);
  arriveAgain(call);
  return Action.Drop;
};

export const zeta_unwrap = program("zeta_unwrap", unwrap, { slot: { table: zeta_node_stages, index: Stage.Unwrap } });
