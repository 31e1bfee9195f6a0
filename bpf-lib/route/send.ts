/** Sending a flow's packet on to its hop. */
import { Action, clock, type Of, redirect, u8, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Entry } from "../flow/table.ts";
import type { Found } from "../flow/ways.ts";
import type { callRecord } from "../node/call.ts";
import { because, countNodeDrop } from "../node/drops.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import type { Parts } from "../packet/open.ts";
import { age } from "./age.ts";
import { FIRST_ENDPOINT, type Hop, HopKind, ROUTED_SHIFT, TRUSTED_ROUTES, zeta_node_hops } from "./hop.ts";

type Call = Of<typeof callRecord>;

/** To the host that holds the endpoint. What was delivered, and not routed, is as old as it was. */
const deliver = (parts: Parts, entry: Entry, slot: u32): Action => {
  const hop = zeta_node_hops.at(slot);
  if (hop === null || hop.kind !== HopKind.Station) {
    countNodeDrop(entry.service, because.noEndpoint());
    return Action.Drop;
  }
  if ((entry.change & Change.Deliver) === 0 && !age(parts)) return Action.Pass;
  return leave(parts, hop);
};

/** The packet goes out of the hop's interface. */
export const leave = (parts: Parts, hop: Hop): Action => {
  parts.ethernet.destination = hop.destination;
  parts.ethernet.source = hop.source;
  return redirect(hop.interface);
};

/** By route. A flow that has not asked for its route for some time asks again, in a program of its own. */
const forward = (parts: Parts, found: Found<Entry>, entry: Entry, slot: u32, call: Call): Action => {
  const ticks = clock("jiffies");
  const hop = zeta_node_hops.at(slot);
  const asked = u8(u8(ticks >> ROUTED_SHIFT) - entry.hop.routed);
  if (hop === null || slot === 0 || asked >= TRUSTED_ROUTES || hop.until <= ticks) {
    call.index = found.index;
    call.serial = found.serial;
    zeta_node_stages.call(Stage.Route);
    return Action.Drop;
  }
  return age(parts) ? leave(parts, hop) : Action.Pass;
};

export const send = (parts: Parts, found: Found<Entry>, entry: Entry, slot: u32, call: Call): Action =>
  slot >= FIRST_ENDPOINT ? deliver(parts, entry, slot) : forward(parts, found, entry, slot, call);
