/** A small node with one service, whose flows idle out within seconds. */
import { createCompiler, ZetaError } from "../../compiler/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { type Node, type NodeService, openNode } from "../../runtime/node/node.ts";

const lacking = missingCapabilities();
/** Why such tests cannot run here; null when they can. */
export const reason =
  process.getuid?.() === 0 && lacking.length === 0 ? null : `root is needed (${lacking.join(", ")})`;

/** @param idle seconds that flows live without a packet, where not as usual */
export async function openLimited(
  idle: Readonly<Record<string, number>>,
): Promise<{ readonly node: Node; readonly service: NodeService }> {
  const built = await createCompiler().compile(new URL("../services/programs/limited.ts", import.meta.url).pathname);
  if (!built.ok) throw new ZetaError(built.problems);
  const usual = { opening: 240, established: 7440, closing: 240, udp: 300, icmp: 60, other: 600 };
  const node = await openNode({ flows: 2000, load: { constants: { zeta_idle: { ...usual, ...idle } } } });
  try {
    const { manifest, code } = built;
    const service = await node.add({ object: code.object, manifest }, { config: { mover: { to: "10.9.0.1:80" } } });
    return { node, service };
  } catch (error) {
    node.close();
    throw error;
  }
}
