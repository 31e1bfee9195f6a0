/** Before a flow's packet leaves by a route that is not known or not trusted: the kernel is asked for it. */
import { Action, clock, type Frame, type Of, program, u8 } from "zeta/bpf";
import { type Family, withFamily } from "../flow/table.ts";
import { open, type Parts } from "../packet/open.ts";
import { age } from "../route/age.ts";
import { ROUTED_SHIFT, zeta_node_hops } from "../route/hop.ts";
import { resolve } from "../route/resolve.ts";
import { leave } from "../route/send.ts";
import { type callRecord, zeta_node_call } from "./call.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

type Call = Of<typeof callRecord>;

/** A packet out of a tunnel was sent to another station than the host's own interface: its stack would not take it. */
const toHost = (parts: Parts, call: Call): Action => {
  if (call.vni !== 0) parts.ethernet.destination = call.station;
  return Action.Pass;
};

/** What the kernel must see to (unknown neighbour, expired packet, no route) passes to it. */
const route = (parts: Parts, family: Family, call: Call): Action => {
  const ticks = clock("jiffies");
  const slot = resolve(parts, ticks);
  const entry = family.at(call.index);
  if (entry !== null && entry.serial === call.serial) entry.hop = { routed: u8(ticks >> ROUTED_SHIFT), slot };
  const hop = zeta_node_hops.at(slot);
  if (hop === null || slot === 0 || !age(parts)) return toHost(parts, call);
  return leave(parts, hop);
};

const run = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  return open(
    frame,
    (parts) => withFamily(parts, (family) => route(parts, family, call)),
    () => Action.Drop,
  );
};

export const zeta_route = program("zeta_route", run, { slot: { table: zeta_node_stages, index: Stage.Route } });
