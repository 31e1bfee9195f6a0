/**
 * New flows: the whole walk of one, and each of its hops by itself, interleaved. A whole walk is timed by taking packets from node to
 * node as they leave them, by batches and one by one; a hop by the packets that come to it in such walks, kept one by one. All tables are empty before each time.
 */
import { AT, LONG_BYTES, SHORT_BYTES } from "../../../test/kit/cluster/operation.ts";
import { HOPS, newFlow } from "../../cases/cluster.ts";
import type { FlowRow, OperationRow } from "../../report/row.ts";
import { type RoundOptions, timeOf } from "../rounds.ts";
import { net, type Spread, spread } from "../statistics.ts";
import type { Ingress } from "../subject.ts";
import { type Frames, openVariedFrames, wrap } from "../wrapper.ts";
import { lengthBehind, opening } from "./frames.ts";
import { interleave, type Part, shiftOf, wrapperOwn } from "./interleave.ts";
import type { Cluster, Side } from "./sides.ts";
import { ADDRESS_AT, openWalk, PORT_AT } from "./walk.ts";

/** New flows of one time: a power of two. */
const FLOWS = 2 ** 14;
/** As many as the kernel has a driver hand over at a time. */
const BATCH = 64;
const LONGEST = 3;
const PATTERN = `${FLOWS} new flows into an empty table, each once`;

/** One node's turn with the packets that come to it. */
interface Hop {
  readonly side: Side;
  readonly frames: Frames;
  readonly head: number;
}

/** The packets that come to a node, kept on their walks through those before it. */
async function keptBefore(
  nodes: readonly Side[],
  place: number,
  cluster: Cluster,
  open: DisposableStack,
  ingress: Ingress,
): Promise<Frames> {
  if (place === 0) {
    const frames = await openVariedFrames(opening(FLOWS, "alone").first, FLOWS, { address: ADDRESS_AT, port: PORT_AT });
    open.defer(() => frames.map.close());
    return frames;
  }
  const behind = place === 1 ? "short" : "long";
  const programs = nodes.slice(0, place).map(({ program }) => program);
  const keep = { at: place, count: FLOWS, bytes: lengthBehind(behind) };
  const walk = open.use(await openWalk(programs, { packets: opening(FLOWS, behind), keep }, ingress));
  walk.run(FLOWS, cluster.empty);
  return walk.kept();
}

/** By how many bytes a node makes the packet longer: a forwarder asks, a head adds the entry, a forwarder takes all off. */
const headAt = (place: number, nodes: number): number => {
  if (place === 0) return SHORT_BYTES;
  if (place === 1) return LONG_BYTES - SHORT_BYTES;
  return place === nodes - 1 ? -LONG_BYTES : 0;
};

const sum = (spreads: readonly Spread[]): Spread => ({
  min: Math.round(spreads.reduce((total, { min }) => total + min, 0)),
  median: Math.round(spreads.reduce((total, { median }) => total + median, 0)),
});

/** A new flow in a chain so long; and its hops, in the order of its walk. */
export async function measureNewFlow(
  cluster: Cluster,
  length: number,
  { rounds }: RoundOptions,
  ingress: Ingress,
): Promise<{ readonly flow: FlowRow; readonly hops: readonly OperationRow[] }> {
  using open = new DisposableStack();
  const { forwarder } = cluster;
  const nodes = [forwarder, ...cluster.chain(length), forwarder];
  const hops: Hop[] = [];
  for (const [place, side] of nodes.entries()) {
    const frames = await keptBefore(nodes, place, cluster, open, ingress);
    hops.push({ side, frames, head: headAt(place, nodes.length) });
  }
  const parts: Record<string, Part> = {};
  for (const [place, { side, frames, head }] of hops.entries())
    for (const [name, program] of [
      ["subject", side.program],
      ["bare", null],
      ["grown", "grown"],
    ] as const) {
      const { wrapper } = open.use(await wrap(program, frames, name === "bare" ? 0 : head));
      const once = (): number => timeOf(wrapper, FLOWS, frames.first, ingress);
      parts[`${place} ${name}`] = name === "subject" ? { prepare: cluster.empty, once } : { once };
    }
  const packets = opening(FLOWS, "alone");
  for (const batch of [1, BATCH])
    for (const [name, turns] of [
      ["whole", nodes.map(({ program }) => program)],
      ["bare", hops.map(({ head }) => head)],
    ] as const) {
      const walk = open.use(await openWalk(turns, { packets, batch }, ingress));
      parts[`${name} by ${batch}`] = { once: () => walk.run(FLOWS, name === "whole" ? cluster.empty : undefined) };
    }
  const drops = (): bigint => nodes.reduce((total, side) => total + side.drops(), 0n);
  const before = drops();
  const times = interleave(parts, rounds);
  if (drops() !== before) throw new Error(`'${newFlow(length)}': ${drops() - before} drops`);
  const of = (name: string): readonly number[] => times[name] ?? [];
  const rows = hops.map(({ frames }, place): OperationRow => {
    const wrapperNs = wrapperOwn(of(`${place} bare`), of(`${place} grown`));
    const [name, at] = HOPS[place] ?? HOPS[0];
    return {
      name: `cluster, ${name}`,
      operationNs: net(spread(of(`${place} subject`)), wrapperNs),
      at,
      flows: FLOWS,
      standing: 0,
      pattern: PATTERN,
      frameBytes: frames.first.length,
      wrapperNs,
    };
  });
  const newFlowNs = sum(rows.map(({ operationNs }) => operationNs));
  // Nodes make packets longer by themselves, which is theirs, and so do those that stand for them when the walk's own cost is measured.
  const shifts = sum(hops.map((_, place) => shiftOf(of(`${place} bare`), of(`${place} grown`))));
  const walked = (batch: number): Spread => {
    const own = spread(of(`bare by ${batch}`));
    return net(spread(of(`whole by ${batch}`)), { min: own.min - shifts.min, median: own.median - shifts.median });
  };
  const [walkNs, aloneNs] = [walked(BATCH), walked(1)];
  // Each node that sends an operation takes one off its hop budget.
  const budgetAt = (place: number): number => hops[place]?.frames.first[AT.hops] ?? 0;
  const flow: FlowRow = {
    name: newFlow(length),
    newFlowNs,
    walkNs,
    aloneNs,
    walkRatio: Math.round((walkNs.min / newFlowNs.min) * 100) / 100,
    perSecond: Math.round(1e9 / walkNs.min),
    hops: budgetAt(1) - budgetAt(nodes.length - 1) + 1,
    headerBytes: hops.slice(1).reduce((bytes, _, index) => bytes + (index === 0 ? SHORT_BYTES : LONG_BYTES), 0),
  };
  return { flow, hops: length === LONGEST ? rows : [] };
}
