/** The nodes that are measured: a forwarder, flow-table nodes, a node by itself. All have one service, examples/balancer. */
import { fileURLToPath } from "node:url";
import { compile } from "../../../compiler/index.ts";
import { BUCKETS } from "../../../runtime/cluster/buckets.ts";
import type { Neighbour } from "../../../runtime/cluster/data-plane.ts";
import type { LoadedProgram } from "../../../runtime/index.ts";
import { openMemory } from "../../../runtime/loader/map-memory.ts";
import { lookup } from "../../../runtime/loader/map-operations.ts";
import { word } from "../../../runtime/loader/word.ts";
import type { NodeRole } from "../../../runtime/node/bundle.ts";
import { FLOW_TABLES } from "../../../runtime/node/flow-tables.ts";
import { openNode } from "../../../runtime/node/node.ts";
import { NODE_MAP } from "../../../runtime/node/shapes.ts";
import { type Ingress, runAt } from "../subject.ts";

const SERVICE = fileURLToPath(new URL("../../../examples/balancer/service.ts", import.meta.url));
/** Seconds: nothing ends, and nothing is old, while it is measured. */
const LONG = 3_000_000;
const IDLE = { opening: LONG, established: LONG, closing: LONG, udp: LONG, icmp: LONG, other: LONG };
const CONSTANTS = {
  single: { zeta_idle: IDLE },
  forwarder: { zeta_idle: IDLE, zeta_table_resend: LONG },
  table: { zeta_idle: IDLE, zeta_table_ended: LONG, zeta_table_resend: LONG },
} as const;

/** That a node counts drops by, for each service (bpf-lib/node/drops.ts). */
const REASONS = 64;

export const KEY = new Uint8Array(16).fill(7);
export const addressOf = (id: number): string => `172.16.0.${id}`;

/** Where the service stands, and behind it. */
export interface Served {
  readonly listen: readonly string[];
  readonly backends: readonly string[];
}
export const BALANCED: Served = {
  listen: ["10.1.0.1:80/tcp"],
  backends: [1, 2, 3, 4].map((host) => `10.2.0.${host}:8080`),
};

export interface Place {
  readonly role: NodeRole;
  /** Its number in the cluster. */
  readonly id: number;
  /** That it has room for. */
  readonly flows: number;
  readonly serves: Served;
  /** Flows never end, nor does anything get old; else as nodes have it. */
  readonly forEver: boolean;
  /** Interfaces of the cluster's side. */
  readonly sides: readonly number[];
  readonly neighbours: readonly Neighbour[];
}

export interface Side extends Disposable {
  readonly id: number;
  readonly program: LoadedProgram;
  /** From now on this chain, of which so many are complete, keeps all buckets. Epochs go up by one. */
  keptBy(chain: readonly number[], complete: number, epoch: number): void;
  /** Packets that it has dropped so far, for any reason of its own. */
  drops(): bigint;
  /** As if no flow had ever come. */
  empty(): void;
}

export async function openSide({ role, id, flows, serves, forEver, sides, neighbours }: Place): Promise<Side> {
  const built = await compile(SERVICE, { cpu: "v3" });
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  using opening = new DisposableStack();
  const node = await openNode({ role, flows, load: { cpu: "v3", constants: forEver ? CONSTANTS[role] : {} } });
  opening.defer(() => node.close());
  const config = { balancer: { backends: serves.backends }, service: { listen: serves.listen } };
  const { index } = await node.add({ object: built.code.object, manifest: built.manifest }, { config });
  const { cluster } = node;
  cluster?.members([...neighbours]);
  cluster?.keys({ keys: [KEY, null], own: 0 });
  if (cluster !== null) await node.tunnels.set([addressOf(id)]);
  // All flows that are measured are of IPv4.
  const tables = FLOW_TABLES.slice(0, 1).map((name) => opening.use(openMemory(node.object.map(name))));
  const program = node.entry();
  const all = opening.move();
  return {
    id,
    program,
    keptBy(chain, complete, epoch) {
      const path = { members: chain, complete };
      cluster?.view(
        { id, address: addressOf(id), interfaces: sides },
        { epoch, paths: Array.from({ length: BUCKETS }, () => path) },
      );
    },
    drops() {
      const map = node.object.map(NODE_MAP.drops);
      // Of operations, and of the only service.
      const keys = Array.from({ length: (index + 1) * REASONS }, (_, key) => key);
      const counts = keys.flatMap((key) => [
        ...new BigUint64Array((lookup(map, word(key)) as Uint8Array).slice().buffer),
      ]);
      return counts.reduce((sum, count) => sum + count, 0n);
    },
    empty() {
      for (const { bytes } of tables) bytes.fill(0);
    },
    [Symbol.dispose]: () => all.dispose(),
  };
}

/** A cluster on one interface: a forwarder and three flow-table nodes that may be in its chain, and a node by itself. */
export interface Cluster extends Disposable {
  readonly forwarder: Side;
  /** Head, replica and tail, while it is three. */
  readonly tables: readonly [Side, Side, Side];
  readonly single: Side;
  /** Makes the first so many of them the chain: complete, unless some are to be filled. */
  chain(length: number, complete?: number): readonly Side[];
  readonly epoch: number;
  empty(): void;
  run(side: Side, packet: Uint8Array): { readonly action: number; readonly packet: Uint8Array };
}

const macOf = (id: number): string => `02:00:00:00:00:0${id}`;
const ROLES: readonly NodeRole[] = ["forwarder", "table", "table", "table", "single"];

export async function openCluster(flows: number, ingress: Ingress): Promise<Cluster> {
  using opening = new DisposableStack();
  const opened: Side[] = [];
  for (const [index, role] of ROLES.entries()) {
    const id = index + 1;
    const neighbours = ROLES.map((_, other) => ({
      id: other + 1,
      address: addressOf(other + 1),
      interface: ingress.interface,
      destination: macOf(other + 1),
      source: macOf(id),
    }));
    const sides = [ingress.interface];
    opened.push(opening.use(await openSide({ role, id, flows, serves: BALANCED, forEver: true, sides, neighbours })));
  }
  const [forwarder, head, replica, tail, single] = opened as [Side, Side, Side, Side, Side];
  const tables = [head, replica, tail] as const;
  let epoch = 0;
  const all = opening.move();
  return {
    forwarder,
    tables,
    single,
    chain(length, complete = length) {
      epoch++;
      const chain = tables.slice(0, length);
      const ids = chain.map(({ id }) => id);
      for (const side of opened) side.keptBy(ids, complete, epoch);
      return chain;
    },
    get epoch() {
      return epoch;
    },
    empty() {
      for (const side of opened) side.empty();
    },
    run: (side, packet) => runAt(side.program, { packet }, ingress),
    [Symbol.dispose]: () => all.dispose(),
  };
}
