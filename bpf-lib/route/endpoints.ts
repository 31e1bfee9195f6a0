/** Endpoints: addresses in a network, and the hop that leads to the host that holds them. User space fills the tables. */
import { address, mac, map, struct, u32 } from "zeta/bpf";

export const endpointKey = struct({ address, vni: u32 });
/** The number of the hop. */
export const zeta_node_endpoints = map.hash({ key: endpointKey, value: u32, max: 65_536 });

/** The same hosts by MAC address: one has addresses that nobody told of, as those of its link alone. */
export const stationKey = struct({ mac, vni: u32 });
export const zeta_node_stations = map.hash({ key: stationKey, value: u32, max: 65_536 });
