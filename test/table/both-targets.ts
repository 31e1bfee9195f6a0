/** What came to a flow-table node of an interpreted cluster, given to one of either target that knows nothing yet. */
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import { addressOf, type Cluster, introduce, type Wire } from "../kit/cluster/cluster.ts";
import { type AnyMember, openKernelMember } from "../kit/cluster/kernel-member.ts";
import { type ClusterService, openMember } from "../kit/cluster/member.ts";
import { operationOf } from "../kit/cluster/operation.ts";

/** The loopback, which the kernel's test run takes for where packets come in. */
const SIDE = 1;
const REDIRECT = 4;

/** By target: what each frame became, "update" and the like or the number of XDP's action; and drops by reason. For clusters of one chain. */
export async function onBothTargets(
  services: readonly ClusterService[],
  cluster: Cluster,
  wire: readonly Wire[],
  id: number,
): Promise<{ readonly target: string; readonly became: string[]; readonly drops: Readonly<Record<string, number>> }[]> {
  const [members = []] = cluster.chains;
  const paths = Array.from({ length: BUCKETS }, () => ({ members, complete: members.length }));
  const runs = [];
  for (const [target, open] of [
    ["interpreter", openMember],
    ["kernel", openKernelMember],
  ] as const) {
    const member: AnyMember = await open({ role: "table", services });
    try {
      await introduce(id, member, [...cluster.members.keys()]);
      const self = { id, address: addressOf(id), interfaces: [SIDE] };
      member.dataPlane.view(self, { epoch: cluster.epoch, paths });
      const became = wire
        .filter(({ to }) => to === id)
        .map(({ frame }) => member.run(frame, SIDE))
        .map(({ action, packet }) => (action === REDIRECT ? operationOf(packet) : String(action)));
      runs.push({ target, became, drops: member.drops() });
    } finally {
      member.close();
    }
  }
  return runs;
}
