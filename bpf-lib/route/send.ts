/** Sending a flow's packet on to its hop. */
import { Action, clock, redirect, u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Entry } from "../flow/table.ts";
import { because, countNodeDrop } from "../node/drops.ts";
import type { Parts } from "../packet/open.ts";
import { age } from "./age.ts";
import { HopKind, ROUTED_TICKS, zeta_node_hops } from "./hop.ts";
import { resolve } from "./resolve.ts";

/** To the station that holds the endpoint, as it is: the endpoint's network is the packet's own. */
const deliver = (parts: Parts, entry: Entry): Action => {
  const hop = zeta_node_hops.at(entry.hop);
  if (hop === null || hop.kind !== HopKind.Station) {
    countNodeDrop(entry.service, because.noEndpoint());
    return Action.Drop;
  }
  parts.ethernet.destination = hop.destination;
  parts.ethernet.source = hop.source;
  return redirect(hop.interface);
};

/** Whether the entry's hop can be used without asking for the route again. */
const trusted = (entry: Entry, now: u32): boolean => {
  const hop = zeta_node_hops.at(entry.hop);
  return (
    hop !== null &&
    entry.hop !== 0 &&
    u32(now - entry.routed) < ROUTED_TICKS &&
    u32(u32(hop.until) - now - 1) < ROUTED_TICKS
  );
};

/** By route; what the kernel must see to (unknown neighbour, expired packet, no route) passes to it. */
const forward = (parts: Parts, entry: Entry): Action => {
  const ticks = clock("jiffies");
  const now: u32 = u32(ticks);
  if (!trusted(entry, now)) {
    entry.hop = resolve(parts, ticks);
    entry.routed = now;
  }
  const hop = zeta_node_hops.at(entry.hop);
  if (hop === null || entry.hop === 0 || !age(parts)) return Action.Pass;
  parts.ethernet.destination = hop.destination;
  parts.ethernet.source = hop.source;
  return redirect(hop.interface);
};

export const send = (parts: Parts, entry: Entry): Action =>
  (entry.change & Change.Deliver) !== 0 ? deliver(parts, entry) : forward(parts, entry);
