/**
 * The flows that a node remembers, read from user space. Where a field lies is taken from the node's manifest once; nothing
 * else in this package knows how flows are stored.
 */
import { formatAddress } from "../../sdk/layout/address.ts";
import type { StructLayout } from "../../sdk/layout/data.ts";
import { walk } from "../loader/map-batches.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { type MapMemory, openMemory } from "../loader/map-memory.ts";
import type { Node } from "./api.ts";
import { FLOW_TABLES, WAYS_OF_A_PAGE } from "./flow-tables.ts";
import { ACROSS, lives, offsets, PENDING, REPLY, wayLayout } from "./flow-ways.ts";
import { spansNow } from "./spans.ts";

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
  /** As the client sends; for replies too. */
  readonly protocol: number;
  /** Index of the service. */
  readonly service: number;
  /** Whether this is the direction that replies take. */
  readonly reply: boolean;
  /** Whether it waits for a packet from behind the service, before its decision is carried out (`pending`). */
  readonly waits: boolean;
  /** As the client sends; for replies too. */
  readonly client: FlowEnds;
  /** As its packets leave towards the service; for replies too. */
  readonly sent: FlowEnds;
  /** Of this direction. */
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly generation: number;
}

const MAPPED = 0xffff_0000_0000n;
/** ICMP and ICMPv6: between the families, an echo is one's on one side and the other's on the other. */
const OTHER_ICMP = new Map([
  [1, 58],
  [58, 1],
]);

/** Reads the way that begins at an offset; null when no flow's direction stands there, or it is just being written. */
type Read = (page: DataView, at: number, partners: Pick<Partners, "endsOf">) => Flow | null;

const address4 = (view: DataView, at: number): bigint => MAPPED | BigInt(view.getUint32(at));
const address6 = (view: DataView, at: number): bigint => (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);

/** A mapping stands under a key that no packet has: of a protocol without ports, with ports (bpf-lib/flow/mapping.ts). */
const isMapping = (protocol: number, { sourcePort, destinationPort }: FlowEnds): boolean =>
  protocol >= 0x80 && (sourcePort !== 0 || destinationPort !== 0);

/** Two addresses and two ports behind them, as keys begin. */
function endsAt(family: 4 | 6, page: DataView, at: number): FlowEnds {
  const address = family === 4 ? address4 : address6;
  const size = family === 4 ? 4 : 16;
  return {
    source: address(page, at),
    destination: address(page, at + size),
    sourcePort: page.getUint16(at + 2 * size),
    destinationPort: page.getUint16(at + 2 * size + 2),
  };
}

/** Addresses and ports are in the order of packets, all else in the machine's. A key: addresses, ports, network and protocol. */
export function wayReader(family: 4 | 6, way: StructLayout): Read {
  const at = offsets(way);
  const address = family === 4 ? address4 : address6;
  const [key, until, serial] = [at("key"), at("until"), at("serial")];
  const networkAt = key + (family === 4 ? 12 : 36);
  const [source, destination] = [at("source"), at("destination")];
  const [sourcePort, destinationPort] = [at("sourcePort"), at("destinationPort")];
  const [change, service, generation] = [at("change"), at("service"), at("generation")];
  const [packets, bytes] = [at("packets"), at("bytes")];
  return (page, start, partners) => {
    if (page.getUint32(start + until, true) === 0 || (page.getUint16(start + serial, true) & 1) !== 0) return null;
    const own = endsAt(family, page, start + key);
    const network = page.getUint32(start + networkAt, true);
    const protocol = network & 0xff;
    if (isMapping(protocol, own)) return null;
    const changes = page.getUint16(start + change, true);
    const reply = (changes & REPLY) !== 0;
    // An IPv4 entry has no room for IPv6 addresses: they are those of its partner's key.
    const beyond = family === 4 && (changes & ACROSS) !== 0;
    const leaves: FlowEnds | null = beyond
      ? partners.endsOf(page.getUint32(start + source, true) - 1)
      : {
          source: address(page, start + source),
          destination: address(page, start + destination),
          sourcePort: page.getUint16(start + sourcePort),
          destinationPort: page.getUint16(start + destinationPort),
        };
    if (leaves === null) return null;
    return {
      family,
      vni: network >>> 8,
      protocol: reply && (changes & ACROSS) !== 0 ? (OTHER_ICMP.get(protocol) ?? protocol) : protocol,
      service: page.getUint16(start + service, true),
      reply,
      waits: (changes & PENDING) !== 0,
      client: reply ? turned(leaves) : own,
      sent: reply ? turned(own) : leaves,
      packets: page.getBigUint64(start + packets, true),
      bytes: page.getBigUint64(start + bytes, true),
      generation: page.getUint32(start + generation, true),
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
  readonly way: StructLayout;
  readonly read: Read;
}

/** The IPv6 entries of flows across the families, for the IPv4 ones (bpf-lib/flow/across.ts). */
export interface Partners extends Disposable {
  /** The ends that packets of an IPv6 entry's partner leave with; null when no flow stands at the index. */
  endsOf(index: number): FlowEnds | null;
}

/** The ends that the partner of the IPv6 entry there has its packets leave with: its key, which every way begins with. */
export const partnerEnds = (page: DataView, start = 0): FlowEnds => turned(endsAt(6, page, start));

/** The table's memory is mapped when the first entry is asked for: most nodes have none. */
function partnersIn(all: readonly Table[]): Partners {
  const six = all.find(({ family }) => family === 6);
  let memory: MapMemory | undefined;
  return {
    endsOf(index) {
      if (six === undefined || index < 0 || index >= six.map.maxEntries * WAYS_OF_A_PAGE) return null;
      memory ??= openMemory(six.map);
      const page = view(memory.bytes);
      const start = index * six.way.size;
      const at = offsets(six.way);
      return page.getUint32(start + at("until"), true) === 0 ? null : partnerEnds(page, start);
    },
    [Symbol.dispose]: () => memory?.[Symbol.dispose](),
  };
}

const tables = ({ manifest, object }: Place): readonly Table[] =>
  FLOW_TABLES.flatMap((name, index): Table[] => {
    const way = wayLayout(manifest.maps.find((map) => map.name === name));
    const map = object.maps.get(name);
    const family = index === 0 ? 4 : 6;
    return way === null || map === undefined ? [] : [{ map, family, way, read: wayReader(family, way) }];
  });

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Those that stand now. "flows": each once, by the direction that its client sends. "both": each direction by itself. */
export function* readFlows(node: Place, which: "flows" | "both" = "flows"): Generator<Flow> {
  const all = tables(node);
  using partners = partnersIn(all);
  const now = spansNow(node.object);
  for (const { map, way, read } of all) {
    const until = offsets(way)("until");
    for (const { value } of walk(map)) {
      const page = view(value);
      for (let at = 0; at + way.size <= page.byteLength; at += way.size) {
        if (!lives(page.getUint32(at + until, true), now)) continue;
        const flow = read(page, at, partners);
        if (flow !== null && (which === "both" || !flow.reply)) yield flow;
      }
    }
  }
}

/** How many directions each family has room for. */
export const flowRoom = (node: Place): ReadonlyMap<4 | 6, number> =>
  new Map(tables(node).map(({ family, map }) => [family, map.maxEntries * WAYS_OF_A_PAGE]));

/** Pages looked through in one go, between two looks at other work. */
const SLICE = 64;

/**
 * Forgets the flows that fit, both directions; their next packets are decided anew. Yields how many flows were forgotten,
 * slice by slice. Packets that come meanwhile may enter new ones.
 *
 * A direction ends when its life does: one word, which needs no lock, and the way is free to take.
 */
export function* removeFlows(node: Place, fits: (flow: Flow) => boolean): Generator<number> {
  const all = tables(node);
  using partners = partnersIn(all);
  const now = spansNow(node.object);
  // IPv4 first: its entries are told by their partners, which must still stand.
  for (const { map, way, read } of all) {
    using memory = openMemory(map);
    const page = view(memory.bytes);
    const until = offsets(way)("until");
    let flows = 0;
    let slice = 0;
    for (let at = 0; at + way.size <= page.byteLength; at += way.size) {
      const flow = lives(page.getUint32(at + until, true), now) ? read(page, at, partners) : null;
      if (flow !== null && fits(flow)) {
        memory.store(at + until, 0);
        if (!flow.reply) flows += 1;
      }
      if (++slice < SLICE * WAYS_OF_A_PAGE) continue;
      yield flows;
      [flows, slice] = [0, 0];
    }
    yield flows;
  }
}

/** "10.0.0.7:40000", "[2001:db8::7]:40000". */
export function endText(address: bigint, port: number): string {
  const text = formatAddress(address);
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}
