/**
 * Delivery to an endpoint, addresses kept: the packet goes to the station that holds the address now, by its MAC. The table
 * is asked for every packet, so that an endpoint that has moved is followed at once.
 */
import { Action, address, mac, map, type Of, redirect, struct, u32 } from "zeta/bpf";
import { seenAs, serviceReason } from "../../sdk/middlebox/internal.ts";
import { endpointValues, type flowEntry } from "../flow/entry.ts";
import type { Parts } from "../packet/open.ts";
import { countDrop } from "../state/counter.ts";

export const endpointKey = struct({ address, vni: u32 });
/** The interface that leads to it, its MAC, and the MAC that this node has there. */
export const endpointPlace = struct({ interface: u32, destination: mac, source: mac });
export const zeta_endpoints = map.hash({ key: endpointKey, value: endpointPlace, max: 65_536 });

export const deliver = (parts: Parts, entry: Of<typeof flowEntry>): Action => {
  const at = seenAs(entry.place, endpointValues);
  const place = zeta_endpoints.get({ address: at.address, vni: entry.place.vni });
  if (place === null) {
    countDrop(serviceReason("no such endpoint"));
    return Action.Drop;
  }
  parts.ethernet.destination = place.destination;
  parts.ethernet.source = place.source;
  return redirect(place.interface);
};
