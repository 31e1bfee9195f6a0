/** Endpoints: addresses in a network, and the hop that leads to the host that holds them. User space fills the tables. */
import { type address as Address, address, mac, map, struct, type u32 as U32, u32 } from "zeta/bpf";
import { mayBeThere, Sieve } from "../node/sieve.ts";

export const endpointKey = struct({ address, vni: u32 });
/** The number of the hop. */
export const zeta_node_endpoints = map.hash({ key: endpointKey, value: u32, max: 65_536 });

/** The hop to the host that holds an address; 0 when nobody is known to. */
export const endpointAt = (address: Address, vni: U32): U32 =>
  mayBeThere(Sieve.Endpoints, vni, address) ? (zeta_node_endpoints.get({ address, vni }) ?? 0) : 0;

/** The same hosts by MAC address: one has addresses that nobody told of, as those of its link alone. */
export const stationKey = struct({ mac, vni: u32 });
export const zeta_node_stations = map.hash({ key: stationKey, value: u32, max: 65_536 });
