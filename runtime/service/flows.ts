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

/** Addresses and ports at both ends. */
export interface FlowEndsValue {
  readonly source: bigint;
  readonly destination: bigint;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface StandingFlow {
  readonly vni: number;
  readonly protocol: number;
  readonly generation: number;
  /** As the client sends it, and as it was decided. */
  readonly flow: FlowEndsValue;
  readonly decided: FlowEndsValue;
}

/** Addresses and ports as tables have them: in memory order, those of IPv4 as one word. */
interface Words {
  readonly source: number | readonly number[];
  readonly destination: number | readonly number[];
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const MAPPED = 0xffffn << 32n;
function swapped(words: readonly number[]): bigint {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  return BigInt(`0x${bytes.toString("hex")}`);
}
const addressOf = (words: number | readonly number[]): bigint =>
  typeof words === "number" ? MAPPED | swapped([words]) : swapped(words);
const portOf = (word: number): number => ((word & 0xff) << 8) | (word >> 8);
const endsOf = (words: Words): FlowEndsValue => ({
  source: addressOf(words.source),
  destination: addressOf(words.destination),
  sourcePort: portOf(words.sourcePort),
  destinationPort: portOf(words.destinationPort),
});

/** The flows of a service that stand now: one per pair of entries. */
export function* eachFlow(node: Place, service: number): Generator<StandingFlow> {
  for (const table of FLOW_TABLES) {
    for (const { key, value } of rows(node, table)) {
      const entry = value as Words & { change: number; service: number; generation: number };
      if (entry.service !== service || (entry.change & REPLY) !== 0) continue;
      const { network, ...words } = key as Words & { network: { vni: number; protocol: number } };
      yield { ...network, generation: entry.generation, flow: endsOf(words), decided: endsOf(entry) };
    }
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
