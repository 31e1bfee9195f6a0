/** Flows of one node: an LRU table in which the entries of a flow's two directions stand under their own keys. */
import { type address, map, type Of, type u8, type u16, type u32 } from "zeta/bpf";
import { flowEntry, flowKey } from "./entry.ts";

export interface FlowTable {
  readonly get: (key: Of<typeof flowKey>) => Of<typeof flowEntry> | null;
  readonly set: (key: Of<typeof flowKey>, value: Of<typeof flowEntry>) => boolean;
  readonly delete: (key: Of<typeof flowKey>) => boolean;
}

/** Room for both directions of `max` flows. */
export const openFlows = (max: u32): FlowTable =>
  map.lruHash({ name: "zeta_flows", key: flowKey, value: flowEntry, max: max * 2 });

export const keyOf = (
  source: address,
  destination: address,
  sourcePort: u16,
  destinationPort: u16,
  protocol: u8,
): Of<typeof flowKey> => ({ source, destination, sourcePort, destinationPort, network: { vni: 0, protocol } });
