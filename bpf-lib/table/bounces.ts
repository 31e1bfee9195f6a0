/**
 * Operations that are neither acted upon nor dropped: they go back to their forwarder, which asks again. Counted by reason beside the
 * node's drops, since their packets are not lost (runtime/cluster/bounces.ts reads them).
 */
import { map, struct, type u32, u64 } from "zeta/bpf";

export const Bounce = {
  /** At a flow-table node: of another epoch than its view's. */
  Epoch: 0,
  /** At a forwarder: a packet of its own has come back, and is asked about once more. */
  Again: 1,
  /** At a flow-table node: a forwarder's packet may be older than it gets, as far as the node can tell (age.ts). */
  Age: 2,
} as const;
const BOUNCES = 4;

export const zeta_table_bounces = map.perCpuArray({ value: struct({ count: u64 }), max: BOUNCES });

export const countBounce = (bounce: u32): void => {
  const share = zeta_table_bounces.at(bounce);
  if (share !== null) share.count += 1n;
};
