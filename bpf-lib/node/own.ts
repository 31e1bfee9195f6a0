/** The node's own addresses, by network: what it says of packets that go no further, it says from there. User space fills them. */
import { address, map, struct, u32 } from "zeta/bpf";

/** One of each family; zero where it has none. */
export const ownAddresses = struct({ four: address, six: address });
/** By VNI; 0 outside overlays. */
export const zeta_node_own = map.hash({ key: u32, value: ownAddresses, max: 4096 });
