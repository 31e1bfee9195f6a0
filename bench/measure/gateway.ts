/** examples/balancer on a node of its own, with room for so many flows: what the yardstick is held against. */
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import type { LoadedProgram } from "../../runtime/index.ts";
import { openNode } from "../../runtime/node/node.ts";

const SERVICE = fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url));
const CONFIG = {
  balancer: { backends: [1, 2, 3, 4].map((host) => `10.2.0.${host}:8080`) },
  service: { listen: ["10.1.0.1:80/tcp"] },
};

export interface Gateway extends AsyncDisposable {
  /** What packets enter by. */
  readonly program: LoadedProgram;
}

/**
 * @param brief flows that open are forgotten at once, so that new ones always find room: nothing makes room for a new flow
 * in a full table but time
 */
export async function openGateway(flows: number, brief: boolean): Promise<Gateway> {
  const built = await compile(SERVICE, { cpu: "v3" });
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  const idle = { opening: 0, established: 0, closing: 0, udp: 0, icmp: 0, other: 0 };
  const node = await openNode({ flows, load: { cpu: "v3", ...(brief ? { constants: { zeta_idle: idle } } : {}) } });
  try {
    await node.add({ object: built.code.object, manifest: built.manifest }, { config: CONFIG });
    return { program: node.object.program(node.root), [Symbol.asyncDispose]: async () => node.close() };
  } catch (error) {
    node.close();
    throw error;
  }
}
