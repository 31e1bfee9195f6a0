/** Endpoints: addresses in a network, and the hop that leads to the host that holds them. User space fills the table. */
import { address, map, struct, u32 } from "zeta/bpf";

export const endpointKey = struct({ address, vni: u32 });
/** The number of the hop. */
export const zeta_node_endpoints = map.hash({ key: endpointKey, value: u32, max: 65_536 });
