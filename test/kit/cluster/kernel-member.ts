/** A forwarder or a flow-table node in the kernel, run packet by packet. */
import { bouncesOf } from "../../../runtime/cluster/bounces.ts";
import { lookup } from "../../../runtime/loader/map-operations.ts";
import { testRun } from "../../../runtime/loader/test-run.ts";
import { word } from "../../../runtime/loader/word.ts";
import { readFlows } from "../../../runtime/node/flows.ts";
import { NODE_MAP } from "../../../runtime/node/shapes.ts";
import { objectOf } from "../targets/compile.ts";
import { borrowNode } from "../targets/spare-nodes.ts";
import { dropsBy, type Member, type MemberOptions } from "./member.ts";

/** What the member of either target has in common. */
export type AnyMember = Pick<
  Member,
  "role" | "dataPlane" | "underlay" | "run" | "drops" | "bounces" | "flows" | "close"
>;

export async function openKernelMember({
  role,
  services,
  constants = {},
  flows = 1000,
}: MemberOptions): Promise<AnyMember> {
  const node = await borrowNode("package", { role, flows, load: { constants } });
  try {
    for (const { source, config, vni } of services) {
      const { object, manifest } = await objectOf(source);
      if (manifest === null) throw new TypeError("A service without a manifest.");
      const added = await node.add({ object, manifest }, { config: "later", vni: vni ?? 0 });
      for (const [path, value] of Object.entries(config)) added.config.set(path, value);
    }
    const { cluster, object, root, manifest } = node;
    if (cluster === null) throw new TypeError("A member of a cluster is a node by itself.");
    const program = object.program(root);
    const reasons = manifest.node?.drops ?? [];
    return {
      role,
      dataPlane: cluster,
      underlay: node,
      run(frame, ingressInterface) {
        const { action, packet } = testRun(program, { packet: frame, context: { interface: ingressInterface } });
        return { action, packet, redirect: null, tailCalls: 0, log: [] };
      },
      drops: () => dropsBy(reasons, services.length, (index) => lookup(object.map(NODE_MAP.drops), word(index))),
      bounces: () => Object.fromEntries(Object.entries(bouncesOf(node)).map(([name, count]) => [name, Number(count)])),
      flows: () => [...readFlows(node, "both")].length,
      close: node.close,
    };
  } catch (error) {
    node.close();
    throw error;
  }
}
