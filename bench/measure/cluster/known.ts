/** Measures each operation at each role, and established flows, at nodes that know all flows; each net of the wrapper. */
import type { LoadedProgram } from "../../../runtime/index.ts";
import { Action } from "../../../sdk/bpf/program.ts";
import type { ClusterCase } from "../../cases/cluster.ts";
import type { OperationRow } from "../../report/row.ts";
import { type RoundOptions, timeOf } from "../rounds.ts";
import { net, type Spread, spread } from "../statistics.ts";
import { type Ingress, runAt } from "../subject.ts";
import { openVariedFrames, wrap } from "../wrapper.ts";
import { framesOf, opening, type Templates, templatesOf } from "./frames.ts";
import { interleave, type Part, wrapperOwn } from "./interleave.ts";
import { type Cluster, openCluster } from "./sides.ts";
import { ADDRESS_AT, openWalk, PORT_AT } from "./walk.ts";

const CHAIN = 3;
const ROUNDS_OF_EACH = 3;
const SEVERAL = 1000;
/** Few flows in tables that have room for many. */
const FEWEST_ROOM = 2 ** 17;

/** What becomes of a case's packets. */
const actionOf = ({ frames }: ClusterCase): number => {
  if (frames === "forged" || frames === "stored") return Action.Drop;
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
  const drops = side.drops();
  expectAction();
  // What is made anew comes once each time.
  const each = prepare === undefined ? Math.max(repeats, frames.count) : frames.count;
  using subject = await wrap(side.program, frames, head);
  using bare = await wrap(null, frames);
  using grown = await wrap("grown", frames, head);
  // The wrapper restores what the program has made of the packet, again and again.
  const { action } = runAt(subject.wrapper, { packet: frames.first, repeat: SEVERAL }, ingress);
  if (action !== actionOf(one)) throw new Error(`'${one.name}': action ${action} in the end`);
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
  if (one.frames !== "forged" && side.drops() !== drops)
    throw new Error(`'${one.name}': ${side.drops() - drops} drops`);
  const wrapperNs = wrapperOwn(times.bare, times.grown);
  return {
    name: one.name,
    operationNs: net(spread(times.subject), wrapperNs),
    at: one.at,
    flows: one.hit,
    standing: one.flows,
    pattern: one.pattern,
    frameBytes: frames.first.length,
    wrapperNs,
  };
}

/** Established flows at a forwarder and at a node by itself: the same packets, in turn. */
async function measureEstablished(
  cases: readonly ClusterCase[],
  cluster: Cluster,
  templates: Templates,
  { rounds, repeats }: RoundOptions,
  ingress: Ingress,
): Promise<readonly OperationRow[]> {
  const [first] = cases;
  if (first === undefined) return [];
  using made = await framesOf(first, cluster, templates, ingress);
  const { frames } = made;
  using open = new DisposableStack();
  const part = async (program: LoadedProgram | null): Promise<Part> => {
    const { wrapper } = open.use(await wrap(program, frames));
    return { once: () => timeOf(wrapper, Math.max(repeats, frames.count), frames.first, ingress) };
  };
  const { single, forwarder } = cluster;
  const parts = {
    bare: await part(null),
    single: await part(single.program),
    forwarder: await part(forwarder.program),
  };
  // Few in a hundred are looked for: more rounds than elsewhere.
  const times = interleave(parts, rounds * ROUNDS_OF_EACH);
  const wrapperNs = spread(times.bare);
  const ns = { single: net(spread(times.single), wrapperNs), forwarder: net(spread(times.forwarder), wrapperNs) };
  const ratio = (of: keyof Spread): number => Math.round((ns.forwarder[of] / ns.single[of]) * 1000) / 1000;
  const ofSingle = { min: ratio("min"), median: ratio("median") };
  return cases.map(({ name, at, hit, flows, pattern }) => {
    const operationNs = at === "forwarder" ? ns.forwarder : ns.single;
    const common = { flows: hit, standing: flows, pattern, frameBytes: frames.first.length, wrapperNs };
    return { name, operationNs, at, ...(at === "forwarder" ? { ofSingle } : {}), ...common };
  });
}

export async function measureKnown(
  cases: readonly ClusterCase[],
  options: RoundOptions,
  ingress: Ingress,
): Promise<readonly OperationRow[]> {
  const rows = new Map<string, OperationRow>();
  for (const flows of new Set(cases.map((one) => one.flows))) {
    using cluster = await openCluster(Math.max(flows, FEWEST_ROOM), ingress);
    cluster.chain(CHAIN);
    const templates = templatesOf(cluster);
    await stand(cluster, flows, ingress);
    const these = cases.filter((one) => one.flows === flows);
    // First, while flows stand as their walks have left them.
    const established = these.filter(({ frames }) => frames === "packet");
    for (const row of await measureEstablished(established, cluster, templates, options, ingress))
      rows.set(row.name, row);
    const filling = these.filter(({ frames }) => frames === "transfer" || frames === "stored");
    for (const one of these)
      if (!established.includes(one) && !filling.includes(one))
        rows.set(one.name, await measureOne(one, cluster, templates, options, ingress));
    // Last, since all that is sent by the view before is of another epoch then.
    cluster.chain(CHAIN, CHAIN - 1);
    for (const one of filling) rows.set(one.name, await measureOne(one, cluster, templates, options, ingress));
  }
  return cases.map(({ name }) => rows.get(name) as OperationRow);
}
