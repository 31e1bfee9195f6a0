/** The layouts of a node's tables, from its manifest; and what is written through them. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode, encode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { presentListener } from "../config/listener.ts";
import { word } from "../loader/word.ts";

/** The maps through which a service is made known to its node (bpf-lib/node). */
export const NODE_MAP = {
  services: "zeta_node_services",
  programs: "zeta_node_programs",
  stages: "zeta_node_stages",
  listen: "zeta_node_listen",
  sieve: "zeta_node_sieve",
  everything: "zeta_node_everything",
  endpoints: "zeta_node_endpoints",
  hops: "zeta_node_hops",
  drops: "zeta_node_drops",
  opened: "zeta_node_opened",
  lifecycle: "zeta_node_lifecycle",
  listeners: "zeta_node_listeners",
  lifecycleLost: "zeta_node_lifecycle_lost",
  traffic: "zeta_node_traffic",
  tunnels: "zeta_node_tunnels",
  stations: "zeta_node_stations",
  entrances: "zeta_node_entrances",
  routers: "zeta_node_routers",
  own: "zeta_node_own",
  quotas: "zeta_node_quotas",
  limited: "zeta_node_limited",
  tenants: "zeta_node_tenants",
  /** Of nodes that trace alone (bpf-lib/trace). */
  trace: "zeta_node_trace",
  traceMark: "zeta_node_trace_mark",
  traceFrame: "zeta_node_trace_frame",
  said: "zeta_node_said",
} as const;

/** Maps of this name belong to the node, and the objects of all its services share them. */
export const isNodeMap = (name: string): boolean => name.startsWith("zeta_node_");

/** Reasons that the node counts, for each service (bpf-lib/node/drops.ts). */
export const MOST_REASONS = 64;

/** Programs of a service in the jump table, by hook (bpf-lib/node/services.ts). */
export const HOOK = { filter: 0, decide: 1 } as const;
const HOOKS = 2;
/** Its place there, for generations of this lowest bit. */
export const programPlace = (index: number, hook: keyof typeof HOOK, generation: number): number =>
  (index * HOOKS + HOOK[hook]) * 2 + (generation & 1);
/** Bits of what a service's filters see. */
const SEES = { client: 1, replies: 2 } as const;
/** Slots of hops below belong to the data plane (bpf-lib/route/hop.ts). */
export const FIRST_ENDPOINT = 4096;
const STATION = 2;
export const TUNNEL = 3;
/** Of a hop that is none: words of prepared headers (bpf-lib/overlay/hop.ts). */
const NO_TUNNEL = { family: 0, sum: 0, outer: Array.from({ length: 11 }, () => 0n) };

export function layoutOf(manifest: Manifest, map: string, part: "key" | "value"): LayoutData {
  const layout = manifest.maps.find(({ name }) => name === map)?.[part];
  if (layout == null) throw new TypeError(`The node has no map '${map}'.`);
  return layout;
}

/** A record of what the node tells of its flows. */
export function lifecycleLayout({ node }: Manifest): LayoutData {
  if (node === undefined) throw new TypeError("These are not a node's programs.");
  return node.lifecycle;
}

type Service = NonNullable<Manifest["service"]>;

/** Bytes of the node's tables. */
export function shapesOf(manifest: Manifest) {
  const record = layoutOf(manifest, NODE_MAP.services, "value");
  const listener = layoutOf(manifest, NODE_MAP.listen, "key");
  const hop = layoutOf(manifest, NODE_MAP.hops, "value");
  return {
    record: (service: Service, generation: number): Uint8Array =>
      encode(record, {
        generation,
        sees: (service.sees.client ? SEES.client : 0) | (service.sees.replies ? SEES.replies : 0),
        decides: service.decide === null ? 0 : 1,
      }),
    noRecord: (): Uint8Array => new Uint8Array(record.size),
    /** What a listener leads to: a service, under all generations of its config unless told (bpf-lib/node/listen.ts). */
    listening: (index: number, under?: number): Uint8Array =>
      word((index | ((under === undefined ? 3 : 1 << (under & 1)) << 16)) >>> 0),
    listenedBy: (value: Uint8Array): number => Buffer.from(value).readUInt16LE(0),
    /** "10.1.0.1:80/tcp", or "everything" for all of a network. */
    listenerText: (key: Uint8Array): string => {
      const text = presentListener(listener, key);
      return typeof text === "string" ? text : "everything of its network";
    },
    /** A listener of no network becomes one of this network; others stay. */
    listenerIn: (key: Uint8Array, vni: number): Uint8Array => {
      const parts = decode(listener, key) as { readonly vni: number };
      return parts.vni === 0 ? encode(listener, { ...parts, vni }) : key;
    },
    /** The entry that stands for all of a network. */
    everything: (vni: number): Uint8Array => encode(listener, { address: 0n, vni, port: 0, protocol: 0 }),
    station: (place: Place): Uint8Array =>
      encode(hop, { kind: STATION, until: 0n, mtu: 0, vni: 0, ...NO_TUNNEL, ...place }),
    noHop: (): Uint8Array => new Uint8Array(hop.size),
  };
}
export type NodeShapes = ReturnType<typeof shapesOf>;

/** Where an endpoint is: the interface that leads to it, its MAC address, and the node's own there. */
export interface Place {
  readonly interface: number;
  readonly destination: bigint;
  readonly source: bigint;
}
