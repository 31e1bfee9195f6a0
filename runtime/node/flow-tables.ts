/** The sizes of a node's flow tables (bpf-lib/flow/ways.ts): pages of 64 ways, each a direction of a flow. */

import type { NodeRole } from "./bundle.ts";

/** Flows by family. */
export const FLOW_TABLES = ["zeta_node_flows4", "zeta_node_flows6"] as const;
/** What few IPv4 flows have beside their entries, by the entry's index (bpf-lib/flow/entry.ts). */
const BESIDE = "zeta_node_beside4";
/** What flow-table nodes keep beside flows, by the index of the client's entry (bpf-lib/table/beside.ts). */
export const KEPT = ["zeta_table_kept4", "zeta_table_kept6"] as const;
export const WAYS_OF_A_PAGE = 64;
const FEWEST_WAYS = 1024;
/** A table refuses its first key well after it is nine tenths full; both directions of a flow have a way each. */
const WAYS_OF_A_FLOW = 2 / 0.85;

/** Ways that have room for so many flows: a power of two. */
export const waysFor = (flows: number): number =>
  2 ** Math.ceil(Math.log2(Math.max(FEWEST_WAYS, flows * WAYS_OF_A_FLOW)));

/** The sizes that the loader sets. */
export const tableConstants = (ways: number): Record<string, unknown> => ({
  zeta_last4: ways - 1,
  zeta_last6: ways - 1,
});
export const tableEntries = (ways: number, role: NodeRole = "single"): Record<string, number> => ({
  ...Object.fromEntries(FLOW_TABLES.map((name) => [name, ways / WAYS_OF_A_PAGE])),
  ...Object.fromEntries((role === "table" ? KEPT : []).map((name) => [name, ways])),
  [BESIDE]: ways,
});
