/** Operations of the flow table that went back to their forwarder, as the data plane counts them (bpf-lib/table/bounces.ts). */
import type { Node } from "../node/node.ts";
import { type Count, readAll, U64 } from "../service/counts.ts";

export const BOUNCES_MAP = "zeta_table_bounces";
/** By index: what a flow-table node has sent back and why, and what a forwarder has asked about again. */
export const BOUNCES = ["table: another epoch", "table: asked again", "table: age in doubt"] as const;

/** @returns only those that have happened; none of a node by itself. */
export function bouncesOf({ object }: Pick<Node, "object">): Readonly<Record<string, bigint>> {
  const map = object.maps.get(BOUNCES_MAP);
  if (map === undefined) return {};
  const all = BOUNCES.map((name, index): Count => ({ name, map, index, layout: U64 }));
  return Object.fromEntries(Object.entries(readAll(all)).filter(([, count]) => count > 0n));
}
