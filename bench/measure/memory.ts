/** Memory of flows, of the node and of services, by the kernel's account, and what it is bounded by. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mapsMemory } from "../../compiler/bundle/memory.ts";
import { compile } from "../../compiler/index.ts";
import type { Config } from "../../runtime/config/live.ts";
import { memoryOfService, memoryShared } from "../../runtime/control/status.ts";
import { memoryOf } from "../../runtime/loader/map-footprint.ts";
import { waysFor } from "../../runtime/node/flow-tables.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import { isNodeMap } from "../../runtime/node/shapes.ts";
import type { MemoryRow } from "../report/row.ts";

/** As many as a table of 2^18 ways has room for. */
const ROOM = 111_000;
/** Bytes of a way in each of a family's tables. */
const FAMILIES = [
  [4, { zeta_node_flows4: 64, zeta_node_beside4: 8 }],
  [6, { zeta_node_flows6: 128 }],
] as const;
const FLOWS = new Set(FAMILIES.flatMap(([, tables]) => Object.keys(tables)));
/** The page that a table begins with, and what the kernel keeps of a map. */
const BESIDE = 8192;

/** How rows begin. */
const FLOW = "memory of a flow";
const NODE = "memory of a node, beside its flows";
const SERVICE = "memory of a service";

const SERVICES = [
  "acl",
  "balancer",
  "nat44",
  "nat64",
  "stateful-firewall",
  "rate-limiter",
  "qos-marker",
  "syn-defence",
  "secure-balancer",
  "vpc-gateway",
] as const;

/** As many rules as an access list may have. */
const RULES = Object.fromEntries(
  Array.from({ length: 100_000 }, (_, i) => [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`, { from: 80, to: 443 }]),
);

const exampleFile = (name: string, file: string): string =>
  fileURLToPath(new URL(`../../examples/${name}/${file}`, import.meta.url));

const flowRows = (node: Node): MemoryRow[] =>
  FAMILIES.map(([family, tables]) => ({
    name: `${FLOW}, IPv${family}`,
    memory: Object.keys(tables).reduce((sum, name) => sum + memoryOf(node.object.map(name)), 0),
    most: Object.values(tables).reduce((sum, way) => sum + waysFor(ROOM) * way + BESIDE, 0),
    room: ROOM,
  }));

function nodeRow(node: Node): MemoryRow {
  const tables = flowRows(node).reduce((sum, { memory }) => sum + memory, 0);
  const cpus = node.object.map("zeta_node_call").copies;
  const others = node.manifest.maps.filter(({ name }) => isNodeMap(name) && !FLOWS.has(name));
  return {
    name: NODE,
    memory: memoryShared(node) - tables,
    most: mapsMemory(others, cpus),
    room: null,
  };
}

/** With the example's own config, or with parts of it replaced. */
async function serviceRows(node: Node, name: string): Promise<MemoryRow[]> {
  const built = await compile(exampleFile(name, "service.ts"), {});
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  const { manifest, code } = built;
  const config = JSON.parse(readFileSync(exampleFile(name, "config.json"), "utf8")) as Config;
  const service = await node.add({ object: code.object, manifest }, { config });
  try {
    const cpus = node.object.map("zeta_node_call").copies;
    const most = mapsMemory(
      manifest.maps.filter((map) => !isNodeMap(map.name)),
      cpus,
    );
    const row = (of: string): MemoryRow => ({
      name: `${SERVICE}, ${of}`,
      memory: memoryOfService(service),
      most,
      room: null,
    });
    const rows = [row(name)];
    if (name !== "acl") return rows;
    service.config.set("acl.rules", RULES);
    return [...rows, row("acl with 100 000 rules")];
  } finally {
    service.remove();
  }
}

/** Flows, the node, and every service of the catalogue, whose rows are wanted. */
export async function measureMemory(wanted: (name: string) => boolean): Promise<MemoryRow[]> {
  const services = SERVICES.filter((name) => wanted(`${SERVICE}, ${name}`));
  if (services.length === 0 && ![FLOW, NODE].some(wanted)) return [];
  using node = await openNode({ flows: ROOM });
  const rows = [...flowRows(node), nodeRow(node)];
  for (const name of services) rows.push(...(await serviceRows(node, name)));
  return rows.filter(({ name }) => wanted(name));
}
