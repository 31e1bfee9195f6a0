/**
 * The flows that a node remembers, read from user space. Where a field lies is taken from the node's manifest once; nothing
 * else in this package knows how flows are stored.
 */
import { formatAddress } from "../../sdk/layout/address.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { removeMany, walk } from "../loader/map-batches.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import type { Node } from "./node.ts";
import { FLOW_TABLES } from "./shapes.ts";

type Place = Pick<Node, "manifest" | "object">;

/** Addresses are 128 bits wide, IPv4 ones mapped (RFC 4291 section 2.5.5.2). */
export interface FlowEnds {
  readonly source: bigint;
  readonly destination: bigint;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** One flow, or one direction of it, as it was when it was read. */
export interface Flow {
  readonly family: 4 | 6;
  readonly vni: number;
  readonly protocol: number;
  /** Index of the service. */
  readonly service: number;
  /** Whether this is the direction that replies take. */
  readonly reply: boolean;
  /** As the client sends; for replies too. */
  readonly client: FlowEnds;
  /** As its packets leave towards the service; for replies too. */
  readonly sent: FlowEnds;
  /** Of this direction. */
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly generation: number;
}

/** The bit of an entry's `change` that marks the entry of replies (bpf-lib/flow/entry.ts). */
const REPLY = 16;
const MAPPED = 0xffff_0000_0000n;

type Field = (name: string) => number;
type Read = (key: DataView, value: DataView) => Flow;

function offsets(layout: LayoutData | null): Field {
  const fields = layout?.kind === "struct" ? layout.fields : [];
  const known = new Map(fields.map(({ name, offset }) => [name, offset]));
  return (name) => {
    const offset = known.get(name);
    if (offset === undefined) throw new TypeError(`Flows have no field '${name}'.`);
    return offset;
  };
}

/** Reads a part of a word by its place in it. */
function bitsOf(layout: LayoutData | null, field: string, part: string): (view: DataView) => number {
  const at = offsets(layout)(field);
  const word = layout?.kind === "struct" ? layout.fields.find(({ name }) => name === field)?.layout : undefined;
  const bits = word?.kind === "bits" ? word.fields.find(({ name }) => name === part) : undefined;
  if (word === undefined || bits === undefined) throw new TypeError(`Flows have no field '${field}.${part}'.`);
  const little = word.kind === "bits" && word.order === "little";
  const mask = 2 ** bits.width - 1;
  return (view) => (view.getUint32(at, little) >>> bits.shift) & mask;
}

const address4 = (view: DataView, at: number): bigint => MAPPED | BigInt(view.getUint32(at));
const address6 = (view: DataView, at: number): bigint => (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);

/** Addresses and ports are in the order of packets, all else in the machine's. */
function reader(family: 4 | 6, keyLayout: LayoutData | null, valueLayout: LayoutData | null): Read {
  const address = family === 4 ? address4 : address6;
  const ends = (field: Field): ((view: DataView) => FlowEnds) => {
    const [source, destination] = [field("source"), field("destination")];
    const [sourcePort, destinationPort] = [field("sourcePort"), field("destinationPort")];
    return (view) => ({
      source: address(view, source),
      destination: address(view, destination),
      sourcePort: view.getUint16(sourcePort),
      destinationPort: view.getUint16(destinationPort),
    });
  };
  const [key, value] = [offsets(keyLayout), offsets(valueLayout)];
  const [received, rewritten] = [ends(key), ends(value)];
  const [vni, protocol] = [bitsOf(keyLayout, "network", "vni"), bitsOf(keyLayout, "network", "protocol")];
  const [change, service, generation] = [value("change"), value("service"), value("generation")];
  const [packets, bytes] = [value("packets"), value("bytes")];
  return (keyView, valueView) => {
    const reply = (valueView.getUint16(change, true) & REPLY) !== 0;
    const [own, leaves] = [received(keyView), rewritten(valueView)];
    return {
      family,
      vni: vni(keyView),
      protocol: protocol(keyView),
      service: valueView.getUint16(service, true),
      reply,
      client: reply ? turned(leaves) : own,
      sent: reply ? turned(own) : leaves,
      packets: valueView.getBigUint64(packets, true),
      bytes: valueView.getBigUint64(bytes, true),
      generation: valueView.getUint32(generation, true),
    };
  };
}

const turned = ({ source, destination, sourcePort, destinationPort }: FlowEnds): FlowEnds => ({
  source: destination,
  destination: source,
  sourcePort: destinationPort,
  destinationPort: sourcePort,
});

interface Table {
  readonly map: MapHandle;
  readonly family: 4 | 6;
  readonly read: Read;
}

const tables = ({ manifest, object }: Place): readonly Table[] =>
  FLOW_TABLES.flatMap((name, index): Table[] => {
    const data = manifest.maps.find((map) => map.name === name);
    const map = object.maps.get(name);
    const family = index === 0 ? 4 : 6;
    return data === undefined || map === undefined ? [] : [{ map, family, read: reader(family, data.key, data.value) }];
  });

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** "flows": each once, by the direction that its client sends. "both": each direction by itself. */
export function* readFlows(node: Place, which: "flows" | "both" = "flows"): Generator<Flow> {
  for (const { map, read } of tables(node)) {
    for (const { key, value } of walk(map)) {
      const flow = read(view(key), view(value));
      if (which === "both" || !flow.reply) yield flow;
    }
  }
}

/** How many directions each family has room for. */
export const flowRoom = (node: Place): ReadonlyMap<4 | 6, number> =>
  new Map(tables(node).map(({ family, map }) => [family, map.maxEntries]));

/** Entries removed in one go, between two looks at other work. */
const SLICE = 4096;

/**
 * Forgets the flows that fit, both directions; their next packets are decided anew. Yields how many flows were forgotten,
 * slice by slice. Packets that come meanwhile may enter new ones.
 */
export function* removeFlows(node: Place, fits: (flow: Flow) => boolean): Generator<number> {
  for (const { map, read } of tables(node)) {
    let keys: Uint8Array[] = [];
    let flows = 0;
    const found: { readonly keys: readonly Uint8Array[]; readonly flows: number }[] = [];
    // Read to the end first: what is removed during a walk can lead it astray.
    for (const { key, value } of walk(map)) {
      const flow = read(view(key), view(value));
      if (!fits(flow)) continue;
      keys.push(Uint8Array.from(key));
      if (!flow.reply) flows += 1;
      if (keys.length < SLICE) continue;
      found.push({ keys, flows });
      [keys, flows] = [[], 0];
    }
    for (const slice of [...found, { keys, flows }]) {
      removeMany(map, slice.keys);
      yield slice.flows;
    }
  }
}

/** "10.0.0.7:40000", "[2001:db8::7]:40000". */
export function endText(address: bigint, port: number): string {
  const text = formatAddress(address);
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}
