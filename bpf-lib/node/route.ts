/** Before a flow's packet leaves by a route that is not known or not trusted: the kernel is asked for it. */
import { Action, clock, program, u8 } from "zeta/bpf";
import type { Family } from "../flow/table.ts";
import type { Parts } from "../packet/open.ts";
import { age } from "../route/age.ts";
import { ROUTED_SHIFT, zeta_node_hops } from "../route/hop.ts";
import { resolve } from "../route/resolve.ts";
import { leave } from "../route/send.ts";
import { Point } from "../trace/record.ts";
import { step } from "../trace/trace.ts";
import type { Call } from "./call.ts";
import { withPacketOfFamily } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

/** A packet out of a tunnel was sent to another station than the host's own interface: its stack would not take it. */
const toHost = (parts: Parts, call: Call): Action => {
  if (call.vni !== 0) parts.ethernet.destination = call.station;
  return Action.Pass;
};

/** What the kernel must see to (unknown neighbour, expired packet, no route) passes to it. */
const route = (parts: Parts, family: Family, call: Call): Action => {
  step(Point.Route, call);
  const ticks = clock("jiffies");
  const slot = resolve(parts, ticks);
  const entry = family.at(call.index);
  if (entry !== null && entry.serial === call.serial) entry.hop = { routed: u8(ticks >> ROUTED_SHIFT), slot };
  const hop = zeta_node_hops.at(slot);
  if (hop === null || slot === 0 || !age(parts)) return toHost(parts, call);
  return leave(parts, hop);
};

export const zeta_route = program("zeta_route", withPacketOfFamily(route), {
  slot: { table: zeta_node_stages, index: Stage.Route },
});
