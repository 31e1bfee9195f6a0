/** Sending a flow's packet on to its hop. */
import { Action, clock, u8, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Entry } from "../flow/table.ts";
import type { Found } from "../flow/ways.ts";
import type { Call } from "../node/call.ts";
import { because, countNodeDrop } from "../node/drops.ts";
import { goOn, Stage, zeta_node_stages } from "../node/stages.ts";
import type { Parts } from "../packet/open.ts";
import { sendOut } from "../trace/trace.ts";
import { age, isLast } from "./age.ts";
import { FIRST_ENDPOINT, type Hop, HopKind, ROUTED_SHIFT, TRUSTED_ROUTES, zeta_node_hops } from "./hop.ts";
import { isTooLong } from "./path-mtu.ts";

const isDelivered = (entry: Entry): boolean => (entry.change & Change.Deliver) !== 0;

/** Whether a flow's packet cannot go on: it is too long for its endpoint's hop, or has no hop left to live. */
export const isStopped = (parts: Parts, entry: Entry, slot: u32): boolean => {
  if (!isDelivered(entry) && isLast(parts)) return true;
  if (slot < FIRST_ENDPOINT) return false;
  const hop = zeta_node_hops.at(slot);
  return hop !== null && hop.mtu !== 0 && isTooLong(parts, hop.mtu);
};

/** To the host that holds the endpoint. What was delivered, and not routed, is as old as it was. */
const deliver = (parts: Parts, entry: Entry, slot: u32, call: Call): Action => {
  const hop = zeta_node_hops.at(slot);
  if (hop === null || hop.kind < HopKind.Station) {
    countNodeDrop(entry.service, because.noEndpoint());
    return Action.Drop;
  }
  if (!isDelivered(entry)) age(parts);
  if (hop.kind === HopKind.Station) return leave(parts, hop);
  call.hop = slot;
  zeta_node_stages.call(Stage.Wrap);
  return Action.Drop;
};

/** The packet goes out of the hop's interface. */
export const leave = (parts: Parts, hop: Hop): Action => {
  parts.ethernet.destination = hop.destination;
  parts.ethernet.source = hop.source;
  return sendOut(hop.interface);
};

/** By route. A flow that has not asked for its route for some time asks again, in a program of its own. */
const forward = (parts: Parts, found: Found<Entry>, entry: Entry, slot: u32, call: Call): Action => {
  const ticks = clock("jiffies");
  const hop = zeta_node_hops.at(slot);
  const asked = u8(u8(ticks >> ROUTED_SHIFT) - entry.hop.routed);
  if (hop === null || slot === 0 || asked >= TRUSTED_ROUTES || hop.until <= ticks) {
    call.index = found.index;
    call.serial = found.serial;
    goOn(parts, call, Stage.Route);
    return Action.Drop;
  }
  age(parts);
  return leave(parts, hop);
};

export const send = (parts: Parts, found: Found<Entry>, entry: Entry, slot: u32, call: Call): Action =>
  slot >= FIRST_ENDPOINT ? deliver(parts, entry, slot, call) : forward(parts, found, entry, slot, call);
