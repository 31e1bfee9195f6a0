/** What a node remembers of a service's flows, read from user space. Shapes are those of its manifest. */
import { formatAddress } from "../../sdk/layout/address.ts";
import { decode } from "../../sdk/layout/codec.ts";
import { walk } from "../loader/map-batches.ts";
import { type FlowEnds, readFlows } from "../node/flows.ts";
import type { Node } from "../node/node.ts";
import { NODE_MAP } from "../node/shapes.ts";

type Place = Pick<Node, "manifest" | "object">;

function* rows({ manifest, object }: Place, name: string): Generator<{ key: unknown; value: unknown }> {
  const data = manifest.maps.find((map) => map.name === name);
  const table = object.maps.get(name);
  if (data?.key == null || data.value == null || table === undefined) return;
  for (const { key, value } of walk(table)) yield { key: decode(data.key, key), value: decode(data.value, value) };
}

export interface StandingFlow {
  readonly vni: number;
  readonly protocol: number;
  readonly generation: number;
  /** As the client sends it, and as it was decided. */
  readonly flow: FlowEnds;
  readonly decided: FlowEnds;
}

/** The flows of a service that stand now: one per pair of entries. */
export function* eachFlow(node: Place, service: number): Generator<StandingFlow> {
  for (const flow of readFlows(node)) {
    if (flow.service !== service) continue;
    const { vni, protocol, generation, client, sent } = flow;
    yield { vni, protocol, generation, flow: client, decided: sent };
  }
}

/** Flows, not entries. */
export function countFlows(node: Place, service: number): number {
  let flows = 0;
  for (const _ of eachFlow(node, service)) flows += 1;
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
