/**
 * A packet that a filter routes, without a flow: to `call.place` in `call.placeVni`. As a router does, unless `call.change`
 * says that it is delivered, as a switch does: then it is as old as it was.
 */
import { Action, program } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Parts } from "../packet/open.ts";
import { age, isLast } from "../route/age.ts";
import { endpointAt } from "../route/endpoints.ts";
import { HopKind, zeta_node_hops } from "../route/hop.ts";
import { isTooLong } from "../route/path-mtu.ts";
import { leave } from "../route/send.ts";
import type { Call } from "./call.ts";
import { because } from "./drops.ts";
import { refused, withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const carry = (parts: Parts, call: Call): Action => {
  const slot = endpointAt(call.place, call.placeVni);
  const hop = zeta_node_hops.at(slot);
  if (slot === 0 || hop === null || hop.kind < HopKind.Station) return refused(call, because.noEndpoint());
  const ages = (call.change & Change.Deliver) === 0;
  call.hop = slot;
  if ((ages && isLast(parts)) || (hop.mtu !== 0 && isTooLong(parts, hop.mtu))) {
    zeta_node_stages.call(Stage.Obstacle);
    return Action.Drop;
  }
  if (ages) age(parts);
  if (hop.kind === HopKind.Station) return leave(parts, hop);
  zeta_node_stages.call(Stage.Wrap);
  return Action.Drop;
};

export const zeta_carry = program("zeta_carry", withPacket(carry), {
  slot: { table: zeta_node_stages, index: Stage.Carry },
});
