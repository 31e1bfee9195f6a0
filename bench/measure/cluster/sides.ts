/**
 * The nodes that operations are measured at: a forwarder, a flow-table node that is every member of each chain, so that what it sends
 * along comes to itself, and a node by itself. All have one service, examples/balancer, and one interface.
 */
import { fileURLToPath } from "node:url";
import { compile } from "../../../compiler/index.ts";
import { BUCKETS } from "../../../runtime/cluster/buckets.ts";
import type { LoadedProgram } from "../../../runtime/index.ts";
import { openMemory } from "../../../runtime/loader/map-memory.ts";
import type { NodeRole } from "../../../runtime/node/bundle.ts";
import { FLOW_TABLES } from "../../../runtime/node/flow-tables.ts";
import { openNode } from "../../../runtime/node/node.ts";
import { type Ingress, runAt } from "../subject.ts";

const SERVICE = fileURLToPath(new URL("../../../examples/balancer/service.ts", import.meta.url));
const CONFIG = {
  balancer: { backends: [1, 2, 3, 4].map((host) => `10.2.0.${host}:8080`) },
  service: { listen: ["10.1.0.1:80/tcp"] },
};
/** Seconds: nothing ends, and nothing is old, while it is measured. */
const LONG = 3_000_000;
const IDLE = { opening: LONG, established: LONG, closing: LONG, udp: LONG, icmp: LONG, other: LONG };
const CONSTANTS = {
  single: { zeta_idle: IDLE },
  forwarder: { zeta_idle: IDLE, zeta_table_resend: LONG },
  table: { zeta_idle: IDLE, zeta_table_ended: LONG },
} as const;

const IDS = { forwarder: 1, table: 2 } as const;
const addressOf = (id: number): string => `172.16.0.${id}`;
const macOf = (id: number): string => `02:00:00:00:00:0${id}`;
export const EPOCH = 1;
export const KEY = new Uint8Array(16).fill(7);

export interface Side extends Disposable {
  readonly program: LoadedProgram;
  /** What becomes of a packet. */
  run(packet: Uint8Array): { readonly action: number; readonly packet: Uint8Array };
  /** As if no flow had ever come. */
  empty(): void;
}

/** @param chain how many places of its chain the flow-table node has: all of them */
export async function openSide(role: NodeRole, flows: number, chain: number, ingress: Ingress): Promise<Side> {
  const built = await compile(SERVICE, { cpu: "v3" });
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  using opening = new DisposableStack();
  const node = await openNode({ role, flows, load: { cpu: "v3", constants: CONSTANTS[role] } });
  opening.defer(() => node.close());
  await node.add({ object: built.code.object, manifest: built.manifest }, { config: CONFIG });
  const { cluster } = node;
  if (cluster !== null && role !== "single") {
    const id = IDS[role];
    cluster.members(
      Object.values(IDS).map((other) => ({
        id: other,
        address: addressOf(other),
        interface: ingress.interface,
        destination: macOf(other),
        source: macOf(id),
      })),
    );
    cluster.keys({ keys: [KEY, null], own: 0 });
    await node.tunnels.set([addressOf(id)]);
    const members = new Array<number>(chain).fill(IDS.table);
    cluster.view(
      { id, address: addressOf(id), interfaces: [ingress.interface] },
      { epoch: EPOCH, paths: Array.from({ length: BUCKETS }, () => ({ members, complete: chain })) },
    );
  }
  const tables = FLOW_TABLES.slice(0, 1).map((name) => opening.use(openMemory(node.object.map(name))));
  const program = node.object.program(node.root);
  const all = opening.move();
  return {
    program,
    run: (packet) => runAt(program, { packet }, ingress),
    empty() {
      for (const { bytes } of tables) bytes.fill(0);
    },
    [Symbol.dispose]: () => all.dispose(),
  };
}
