/** What a node tells of itself. */

import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { memoryOfAll } from "../loader/map-footprint.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { lookup, valueStride } from "../loader/map-operations.ts";
import { word } from "../loader/word.ts";
import type { NodeRole } from "../node/bundle.ts";
import type { Node, NodeService } from "../node/node.ts";
import type { Quota } from "../node/quotas.ts";
import { isNodeMap, NODE_MAP } from "../node/shapes.ts";
import { counts, dropCounts, nodeDropCounts, readAll } from "../service/counts.ts";
import type { Census } from "./census.ts";

export interface Traffic {
  /** Packets of the service, both directions, and the bytes of their frames. */
  readonly packets: bigint;
  readonly bytes: bigint;
  /** Flows decided, and TCP connections opened again. */
  readonly opened: bigint;
}

export interface ServiceStatus {
  readonly name: string;
  /** As its source calls it. */
  readonly kind: string;
  readonly index: number;
  readonly vni: number;
  readonly upgrades: number;
  /** Counts the changes of config, over upgrades too. */
  readonly generation: number;
  readonly listen: readonly string[] | "everything";
  readonly traffic: Traffic;
  /** Bytes of its own maps, shared ones not counted: config, tables, counters. */
  readonly memory: number;
  /** Flows that are remembered now. */
  readonly flows: number;
  /** Counters and meters by path. */
  readonly counters: Readonly<Record<string, bigint>>;
  /** Dropped packets by reason. */
  readonly drops: Readonly<Record<string, bigint>>;
}

/** Index of the node itself among services. */
const OWN = 0;

export interface TenantStatus {
  readonly vni: number;
  readonly flows: number;
  readonly packets: bigint;
  readonly bytes: bigint;
  /** Null for a tenant that may use what there is. */
  readonly quota: Quota | null;
  /** Packets of new flows refused, for either part of the quota; 0 without one. */
  readonly refused: { readonly flows: bigint; readonly newFlows: bigint };
}

export interface NodeStatus {
  readonly pid: number;
  readonly run: string;
  /** ISO 8601. */
  readonly started: string;
  readonly role: NodeRole;
  /** Of the view of its cluster that it acts by; null for a node in none, before it is told of one, and while it may act by none. */
  readonly epoch: number | null;
  /** Whether the data plane stays when the process ends. */
  readonly keep: boolean;
  /** Bytes of all maps that services share, flow tables too. */
  readonly memory: number;
  /** `lost`: the interface is gone, or somebody took the program off it. */
  readonly interfaces: readonly { readonly interface: string; readonly mode: string; readonly lost: boolean }[];
  readonly tables: Census["tables"];
  /** Packets that the node has dropped for no service of its own, by reason: operations of the flow table that it refused, and others. */
  readonly drops: Readonly<Record<string, bigint>>;
  /** Operations of the flow table that it has sent back to their forwarder, or has asked about again, by reason: no packet is lost by that. */
  readonly bounces: Readonly<Record<string, bigint>>;
  readonly tenants: readonly TenantStatus[];
  readonly services: readonly ServiceStatus[];
}

/** Of what belongs to no service. @returns only what has been dropped. */
export const ownDrops = (node: Node): Readonly<Record<string, bigint>> =>
  Object.fromEntries(
    Object.entries(readAll(nodeDropCounts(node, OWN)))
      .filter(([, count]) => count > 0n)
      .map(([reason, count]) => [reason.replace(/^service: /, ""), count]),
  );

/** Adds up what the CPUs have counted. */
export function trafficOf({ manifest, object }: Node, index: number): Traffic {
  const map = object.maps.get(NODE_MAP.traffic);
  const layout: LayoutData | null | undefined = manifest.maps.find(({ name }) => name === NODE_MAP.traffic)?.value;
  const bytes = map === undefined ? null : lookup(map, word(index));
  let sum: Traffic = { packets: 0n, bytes: 0n, opened: 0n };
  if (map === undefined || layout == null || bytes === null) return sum;
  for (let cpu = 0; cpu < map.copies; cpu++) {
    const share = decode(layout, bytes, cpu * valueStride(map)) as Traffic;
    sum = {
      packets: sum.packets + share.packets,
      bytes: sum.bytes + share.bytes,
      opened: sum.opened + share.opened,
    };
  }
  return sum;
}

type Numbers = Readonly<Record<string, bigint>>;
const added = (now: Numbers, before: Numbers, prefix = ""): Numbers =>
  Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value + (before[`${prefix}${name}`] ?? 0n)]));

const ofMaps = (maps: ReadonlyMap<string, MapHandle>, wanted: (name: string) => boolean): readonly MapHandle[] =>
  [...maps].flatMap(([name, map]) => (wanted(name) ? [map] : []));

export const memoryShared = ({ object }: Node): number => memoryOfAll(ofMaps(object.maps, isNodeMap));

/** Its config's tables are in maps of maps, of which the kernel tells nothing but themselves. */
export const memoryOfService = ({ object, config }: Pick<NodeService, "object" | "config">): number =>
  memoryOfAll(ofMaps(object.maps, (name) => !isNodeMap(name))) + config.memory();

export function serviceStatus(node: Node, one: NodeService, census: Census): ServiceStatus {
  const { service, name: kind } = one.manifest;
  const { maps } = one.object;
  const own = service === null ? [] : dropCounts(service, maps);
  const listen = one.config.get("service.listen") as readonly string[] | undefined;
  return {
    name: one.name,
    kind: service?.name ?? kind,
    index: one.index,
    vni: one.vni,
    upgrades: one.upgrades,
    generation: one.config.generation,
    listen: service?.listen === null ? "everything" : (listen ?? []),
    traffic: trafficOf(node, one.index),
    memory: memoryOfService(one),
    flows: census.services.get(one.index) ?? 0,
    counters: added(service === null ? {} : readAll(counts(service, maps)), one.counted),
    drops: {
      ...added(readAll(own), one.counted, "drop "),
      ...readAll(nodeDropCounts(node, one.index)),
    },
  };
}

/** Those that have flows, and those that have a quota. */
export function tenantsOf({ quotas }: Pick<Node, "quotas">, { tenants }: Census): readonly TenantStatus[] {
  const uses = new Map(quotas.uses().map((one) => [one.vni, one]));
  return [...new Set([...tenants.keys(), ...uses.keys()])]
    .sort((a, b) => a - b)
    .map((vni) => ({
      vni,
      ...(tenants.get(vni) ?? { flows: 0, packets: 0n, bytes: 0n }),
      quota: uses.get(vni)?.quota ?? null,
      refused: uses.get(vni)?.refused ?? { flows: 0n, newFlows: 0n },
    }));
}
