/** Measures each operation at each role, and established flows, at nodes that know all flows; each net of the wrapper. */
import { Action } from "../../../sdk/bpf/program.ts";
import type { ClusterCase } from "../../cases/cluster.ts";
import type { OperationRow } from "../../report/row.ts";
import { type RoundOptions, timeOf } from "../rounds.ts";
import { net, spread } from "../statistics.ts";
import type { Ingress } from "../subject.ts";
import { openVariedFrames, wrap } from "../wrapper.ts";
import { framesOf, opening, type Templates, templatesOf } from "./frames.ts";
import { interleave, wrapperOwn } from "./interleave.ts";
import { type Cluster, openCluster } from "./sides.ts";
import { ADDRESS_AT, openWalk, PORT_AT } from "./walk.ts";

const CHAIN = 3;
/** Few flows in tables that have room for many. */
const FEWEST_ROOM = 2 ** 17;

/** What becomes of a case's packets. */
const actionOf = ({ frames }: ClusterCase): number => {
  if (frames === "forged") return Action.Drop;
  if (frames === "nobody") return Action.Pass;
  return frames === "refuse" ? Action.Transmit : Action.Redirect;
};

/** Has so many flows stand at all nodes: by their walks, and at the node by itself by its own decisions. */
async function stand(cluster: Cluster, flows: number, ingress: Ingress): Promise<void> {
  const { forwarder, tables, single } = cluster;
  const nodes = [forwarder, ...tables, forwarder].map(({ program }) => program);
  const packets = opening(flows, "alone");
  using walk = await openWalk(nodes, { packets }, ingress);
  walk.make(flows);
  const frames = await openVariedFrames(packets.first, flows, { address: ADDRESS_AT, port: PORT_AT });
  try {
    using wrapped = await wrap(single.program, frames);
    timeOf(wrapped.wrapper, flows, frames.first, ingress);
  } finally {
    frames.map.close();
  }
}

async function measureOne(
  one: ClusterCase,
  cluster: Cluster,
  templates: Templates,
  { rounds, repeats }: RoundOptions,
  ingress: Ingress,
): Promise<OperationRow> {
  using made = await framesOf(one, cluster, templates, ingress);
  const { side, frames, head, prepare } = made;
  const expectAction = (): void => {
    const { action } = cluster.run(side, frames.first);
    if (action !== actionOf(one)) throw new Error(`'${one.name}': action ${action}`);
  };
  expectAction();
  // What is made anew comes once each time.
  const each = prepare === undefined ? Math.max(repeats, frames.count) : frames.count;
  using subject = await wrap(side.program, frames, head);
  using bare = await wrap(null, frames);
  using grown = await wrap("grown", frames, head);
  const part = ({ wrapper }: typeof subject) => ({ once: () => timeOf(wrapper, each, frames.first, ingress) });
  const times = interleave(
    {
      subject: { ...part(subject), ...(prepare === undefined ? {} : { prepare }) },
      bare: part(bare),
      grown: part(grown),
    },
    rounds,
  );
  expectAction();
  const wrapperNs = wrapperOwn(times.bare, times.grown);
  return {
    name: one.name,
    operationNs: net(spread(times.subject), wrapperNs),
    at: one.at,
    flows: one.flows,
    standing: one.flows,
    pattern: one.pattern,
    frameBytes: frames.first.length,
    wrapperNs,
  };
}

export async function measureKnown(
  cases: readonly ClusterCase[],
  options: RoundOptions,
  ingress: Ingress,
): Promise<readonly OperationRow[]> {
  const rows = new Map<ClusterCase, OperationRow>();
  for (const flows of new Set(cases.map((one) => one.flows))) {
    using cluster = await openCluster(Math.max(flows, FEWEST_ROOM), ingress);
    cluster.chain(CHAIN);
    const templates = templatesOf(cluster);
    await stand(cluster, flows, ingress);
    for (const one of cases)
      if (one.flows === flows) rows.set(one, await measureOne(one, cluster, templates, options, ingress));
  }
  return cases.map((one) => rows.get(one) as OperationRow);
}
