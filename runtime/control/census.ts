/** How many flows there are, of whom. Counting walks the tables, so that a count is used for a while. */
import { memoryOf } from "../loader/map-footprint.ts";
import { flowRoom, readFlows } from "../node/flows.ts";
import type { Node } from "../node/node.ts";
import { eachUnhurried } from "./unhurried.ts";

export interface Census {
  /** Directions remembered, and how many there is room for. */
  readonly tables: readonly FlowTable[];
  /** Flows by index of the service. */
  readonly services: ReadonlyMap<number, number>;
  /** Flows by network, with what they have carried from their clients. */
  readonly tenants: ReadonlyMap<number, Tenant>;
}

export interface FlowTable {
  readonly family: 4 | 6;
  readonly entries: number;
  readonly room: number;
  /** Bytes of memory: all of it is there from the start, and never grows. */
  readonly memory: number;
}

export interface Tenant {
  readonly flows: number;
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Milliseconds that a count is used, at least; and how many times longer than it took. */
const LEAST_AGE = 500;
const SHARE = 20;

async function count(node: Node): Promise<Census> {
  const entries = new Map<4 | 6, number>();
  const services = new Map<number, number>();
  const tenants = new Map<number, Tenant>();
  await eachUnhurried(readFlows(node, "both"), ({ family, reply, service, vni, packets, bytes }) => {
    entries.set(family, (entries.get(family) ?? 0) + 1);
    if (reply) return;
    services.set(service, (services.get(service) ?? 0) + 1);
    const known = tenants.get(vni) ?? { flows: 0, packets: 0n, bytes: 0n };
    tenants.set(vni, { flows: known.flows + 1, packets: known.packets + packets, bytes: known.bytes + bytes });
  });
  const tables = [...flowRoom(node)].map(([family, room]) => ({
    family,
    entries: entries.get(family) ?? 0,
    room,
    memory: memoryOf(node.object.map(`zeta_node_flows${family}`)),
  }));
  return { tables, services, tenants };
}

export interface Counter {
  /** A count that is good still, or a new one. */
  (): Promise<Census>;
  /** After a change, what was counted before is not used. */
  forget(): void;
}

/** Counts at most a twentieth of the time but for changes, and once for all who ask meanwhile. */
export function censusOf(node: Node): Counter {
  let current: Promise<Census> | undefined;
  let good = 0;
  const census = (): Promise<Census> => {
    if (current !== undefined && performance.now() < good) return current;
    const started = performance.now();
    good = Number.POSITIVE_INFINITY;
    const counted = count(node).finally(() => {
      if (current !== counted) return;
      const now = performance.now();
      good = now + Math.max(LEAST_AGE, (now - started) * SHARE);
    });
    current = counted;
    return counted;
  };
  return Object.assign(census, {
    forget: () => {
      current = undefined;
    },
  });
}
