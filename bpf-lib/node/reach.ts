/** To an endpoint, without a flow: `call.place` in `call.placeVni`. The packet is as long and as old as it is to leave. */
import { Action, type address, ethernetHeader, type Frame, program } from "zeta/bpf";
import { endpointAt } from "../route/endpoints.ts";
import { HopKind, zeta_node_hops } from "../route/hop.ts";
import { sendOut } from "../trace/trace.ts";
import { type Call, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

/** What a packet has become that goes back to whoever sent it, `to`: by the cable that it came by, or into its tunnel. */
export const sendBack = (call: Call, to: address): Action => {
  if (call.vni === 0) return Action.Transmit;
  call.place = to;
  call.placeVni = call.vni;
  zeta_node_stages.call(Stage.Reach);
  return Action.Drop;
};

const reach = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const slot = endpointAt(call.place, call.placeVni);
  const hop = zeta_node_hops.at(slot);
  const ethernet = frame.cursor().peek(ethernetHeader);
  if (slot !== 0 && hop !== null && ethernet !== null) {
    if (hop.kind === HopKind.Station) {
      ethernet.destination = hop.destination;
      ethernet.source = hop.source;
      return sendOut(hop.interface);
    }
    if (hop.kind === HopKind.Tunnel) {
      call.hop = slot;
      zeta_node_stages.call(Stage.Wrap);
    }
  }
  countNodeDrop(call.service, because.noEndpoint());
  return Action.Drop;
};

export const zeta_reach = program("zeta_reach", reach, { slot: { table: zeta_node_stages, index: Stage.Reach } });
