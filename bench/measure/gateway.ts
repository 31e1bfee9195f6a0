/** examples/balancer on a node of its own, with room for so many flows: what the yardstick is held against. */
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import type { LoadedProgram } from "../../runtime/index.ts";
import { openNode } from "../../runtime/node/node.ts";
import { FORGETFUL } from "./subject.ts";

const SERVICE = fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url));
const HOSTS = [1, 2, 3, 4].map((host) => `10.2.0.${host}`);
const MACS = { destination: "02:00:00:00:00:02", source: "02:00:00:00:00:01" };

const CONFIG = {
  balancer: { backends: HOSTS.map((host) => `${host}:8080`) },
  service: { listen: ["10.1.0.1:80/tcp"] },
};

export interface Gateway extends AsyncDisposable {
  /** What packets enter by. */
  readonly program: LoadedProgram;
}

/**
 * @param brief flows that open are forgotten at once, so that new ones always find room: nothing makes room for a new flow
 * in a full table but time
 * @param link the interface that backends are told to be at, as endpoints; null where the kernel's routes lead to them
 */
export async function openGateway(flows: number, brief: boolean, link: number | null): Promise<Gateway> {
  const built = await compile(SERVICE, { cpu: "v3" });
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  const node = await openNode({ flows, load: { cpu: "v3", ...(brief ? { constants: FORGETFUL } : {}) } });
  try {
    if (link !== null)
      await node.endpoints.set(HOSTS.map((address) => ({ kind: "station", address, interface: link, ...MACS })));
    await node.add({ object: built.code.object, manifest: built.manifest }, { config: CONFIG });
    return { program: node.entry(), [Symbol.asyncDispose]: async () => node.close() };
  } catch (error) {
    node.close();
    throw error;
  }
}
