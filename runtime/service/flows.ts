/** What a node remembers of a service's flows, read from user space. Shapes are those of its manifest. */
import { formatAddress } from "../../sdk/layout/address.ts";
import { decode } from "../../sdk/layout/codec.ts";
import { walk } from "../loader/map-batches.ts";
import type { Node } from "../node/node.ts";
import { FLOW_TABLES, NODE_MAP } from "../node/shapes.ts";

type Place = Pick<Node, "manifest" | "object">;

/** The bit of an entry's `change` that marks the entry of replies: every flow has one for its packets, and mostly one of these. */
const REPLY = 16;

function* rows({ manifest, object }: Place, name: string): Generator<{ key: unknown; value: unknown }> {
  const data = manifest.maps.find((map) => map.name === name);
  const table = object.maps.get(name);
  if (data?.key == null || data.value == null || table === undefined) return;
  for (const { key, value } of walk(table)) yield { key: decode(data.key, key), value: decode(data.value, value) };
}

/** Flows, not entries. */
export function countFlows(node: Place, service: number): number {
  let flows = 0;
  for (const table of FLOW_TABLES) {
    for (const { value } of rows(node, table)) {
      const entry = value as { change: number; service: number };
      if (entry.service === service && (entry.change & REPLY) === 0) flows += 1;
    }
  }
  return flows;
}

/** Flows opened so far by where they were sent. */
export function openedFlows(node: Place, service: number): Record<string, bigint> {
  const opened: Record<string, bigint> = {};
  for (const { key, value } of rows(node, NODE_MAP.opened)) {
    const at = key as { address: bigint; port: number; service: number };
    if (at.service !== service) continue;
    const address = formatAddress(at.address);
    opened[address.includes(":") ? `[${address}]:${at.port}` : `${address}:${at.port}`] = (
      value as { flows: bigint }
    ).flows;
  }
  return opened;
}
