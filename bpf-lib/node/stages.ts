/** The node's own programs that a packet goes on in after the first: reached by tail call, filled in when the node is loaded. */
import { map } from "zeta/bpf";

export const Stage = { Forward: 0, Commit: 1, Refuse: 2 } as const;
export const zeta_node_stages = map.programs({ max: 32 });
