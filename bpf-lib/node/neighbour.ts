/** Questions about MAC addresses and routers (bpf-lib/neighbour): answered by the way that they came. None goes further, or to a service. */
import { Action, EtherType, ethernetHeader, Icmpv6Type, program, u32 } from "zeta/bpf";
import { answerNeighbours } from "../neighbour/answer.ts";
import { encapsulate } from "../overlay/encapsulate.ts";
import { icmpv6Of, type Parts } from "../packet/open.ts";
import { zeta_node_stations } from "../route/endpoints.ts";
import { HopKind, zeta_node_hops } from "../route/hop.ts";
import { sendOut } from "../trace/trace.ts";
import { because, countNodeDrop } from "./drops.ts";
import { NODE } from "./services.ts";
import { withCall } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const dropped = (reason: number): Action => {
  countNodeDrop(NODE, reason);
  return Action.Drop;
};

const neighbour = withCall((call, frame) => {
  const { vni } = call;
  const ethernet = frame.cursor().peek(ethernetHeader);
  if (ethernet === null) return Action.Aborted;
  const asker = ethernet.source;
  // What we do not answer is the host's, but never out of an overlay.
  const other = () => (vni === 0 ? Action.Pass : dropped(because.noEndpoint()));
  const action = answerNeighbours(frame, vni, other);
  if (vni === 0 || action !== Action.Transmit) return action;
  const slot = zeta_node_stations.get({ mac: asker, vni }) ?? 0;
  const hop = zeta_node_hops.at(slot);
  if (slot === 0 || hop === null || hop.kind !== HopKind.Tunnel) return dropped(because.noEndpoint());
  if (!encapsulate(frame, hop, u32(asker), 0)) return dropped(because.noRoom());
  return sendOut(hop.interface);
});

export const zeta_neighbour = program("zeta_neighbour", neighbour, {
  slot: { table: zeta_node_stages, index: Stage.Neighbour },
});

/** Whether it asks so in IPv6, or for a router. */
export const isSolicitation = (parts: Parts): boolean => {
  const message = parts.type === EtherType.Ipv6 ? icmpv6Of(parts) : null;
  if (message === null) return false;
  const { type } = message;
  return type === Icmpv6Type.NeighbourSolicitation || type === Icmpv6Type.RouterSolicitation;
};
