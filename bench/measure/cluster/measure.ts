/** Measures the rows of a cluster's nodes, each net of the wrapper, and what a new flow costs by them. */
import { Action } from "../../../sdk/bpf/program.ts";
import { LONG_BYTES, SHORT_BYTES } from "../../../test/kit/cluster/operation.ts";
import { type ClusterCase, clusterCases } from "../../cases/cluster.ts";
import type { AnyRow, FlowRow, OperationRow } from "../../report/row.ts";
import { type RoundOptions, timeOf } from "../rounds.ts";
import { net, type Spread, spread } from "../statistics.ts";
import type { Ingress } from "../subject.ts";
import { wrap } from "../wrapper.ts";
import { framesOf } from "./frames.ts";
import { openSide, type Side } from "./sides.ts";
import { measureSipHash, SIPHASH_ROWS } from "./siphash.ts";

const CHAIN = 3;
/** Of chains, for what a new flow costs. */
const LENGTHS = [1, 2, 3] as const;
const NEW_FLOW = "cluster, a new flow";
const ROOM = { few: 2 ** 17, many: 2 ** 20 } as const;

interface Opened {
  readonly table: Side;
  readonly forwarder: Side;
  readonly single: Side;
}

/** Has the flows of a case stand at the side that it is measured at. */
async function stand(one: ClusterCase, sides: Opened, ingress: Ingress): Promise<void> {
  if (one.standing === 0) return;
  const side = sides[one.side as keyof Opened];
  const frames = { single: "opening", table: "decide", forwarder: "reply", siphash: "packet" } as const;
  const made = await framesOf({ ...one, frames: frames[one.side], hit: one.standing }, sides);
  try {
    side.empty();
    using wrapped = await wrap(side.program, made.frames, one.side === "single" ? 0 : made.head);
    timeOf(wrapped.wrapper, one.standing, made.frames.first, ingress);
  } finally {
    made.frames.map.close();
  }
}

/** Half of what a shift of the head costs is the wrapper's, which takes it back. */
const between = (bare: Spread, grown: Spread): Spread => ({
  min: (bare.min + grown.min) / 2,
  median: (bare.median + grown.median) / 2,
});

async function measureOne(
  one: ClusterCase,
  sides: Opened,
  { rounds, repeats }: RoundOptions,
  ingress: Ingress,
): Promise<OperationRow> {
  const { frames, head } = await framesOf(one, sides);
  try {
    const side = sides[one.side as keyof Opened];
    await stand(one, sides, ingress);
    if (one.standing === 0) side.empty();
    const { action } = side.run(frames.first);
    const expected = one.frames === "refused" ? Action.Drop : Action.Redirect;
    if (action !== expected) throw new Error(`'${one.name}': action ${action}`);
    using subject = await wrap(side.program, frames, head);
    using bare = await wrap(null, frames);
    using grown = await wrap("grown", frames, head);
    const each = one.standing === 0 ? one.hit : Math.max(repeats, one.hit);
    const times = { subject: [] as number[], bare: [] as number[], grown: [] as number[] };
    const order = [
      [times.subject, subject],
      [times.bare, bare],
      [times.grown, grown],
    ] as const;
    const once = (wrapped: typeof subject): number => {
      if (wrapped === subject && one.standing === 0) side.empty();
      return timeOf(wrapped.wrapper, each, frames.first, ingress);
    };
    for (const [, wrapped] of order) once(wrapped);
    for (let round = 0; round < rounds; round++)
      for (let at = 0; at < order.length; at++) {
        const [into, wrapped] = order[(at + round) % order.length] as (typeof order)[number];
        into.push(once(wrapped));
      }
    const own = between(spread(times.bare), spread(times.grown));
    return {
      name: one.name,
      operationNs: net(spread(times.subject), own),
      at: one.side,
      flows: one.hit,
      standing: one.standing,
      pattern: one.pattern,
      frameBytes: frames.first.length,
      wrapperNs: own,
    };
  } finally {
    frames.map.close();
  }
}

/** By cost accounting: the time of all hops of a new flow, and so how many a core could open in a second if it did all of them. */
function newFlows(rows: ReadonlyMap<string, OperationRow>): readonly FlowRow[] {
  const hops = clusterCases.filter(({ hops: of }) => of !== null);
  if (!hops.every(({ name }) => rows.has(name))) return [];
  return LENGTHS.map((k) => {
    const sum = (of: keyof Spread): number =>
      hops.reduce((total, { name, hops: counts }) => {
        const times = counts === null ? 0 : counts.once + counts.each * (k - 1);
        return total + times * (rows.get(name)?.operationNs[of] ?? Number.NaN);
      }, 0);
    const ns = { min: Math.round(sum("min")), median: Math.round(sum("median")) };
    return {
      name: `${NEW_FLOW}, chain of ${k}`,
      newFlowNs: ns,
      perSecond: Math.round(1e9 / ns.min),
      hops: k + 1,
      // One operation that asks, and k that carry the entry: k - 1 along the chain, and one back.
      headerBytes: SHORT_BYTES + k * LONG_BYTES,
    };
  });
}
export async function measureCluster(
  wanted: (name: string) => boolean,
  options: RoundOptions,
  ingress: Ingress,
): Promise<readonly AnyRow[]> {
  const all = wanted(NEW_FLOW) && !clusterCases.every(({ name }) => wanted(name));
  const cases = clusterCases.filter(({ name, hops }) => wanted(name) || (all && hops !== null));
  const rows = new Map<string, OperationRow>();
  // Tables are emptied again and again: those with room for a million flows only where a million stand.
  for (const room of [ROOM.few, ROOM.many]) {
    const these = cases.filter(({ standing }) => (standing > ROOM.few ? ROOM.many : ROOM.few) === room);
    if (these.length === 0) continue;
    using table = await openSide("table", room, CHAIN, ingress);
    using forwarder = await openSide("forwarder", ROOM.few, CHAIN, ingress);
    using single = await openSide("single", ROOM.few, CHAIN, ingress);
    for (const one of these) rows.set(one.name, await measureOne(one, { table, forwarder, single }, options, ingress));
  }
  const sip = SIPHASH_ROWS.some(wanted) ? await measureSipHash(options) : [];
  return [...rows.values(), ...(wanted(NEW_FLOW) ? newFlows(rows) : []), ...sip];
}

export const clusterIsWanted = (wanted: (name: string) => boolean): boolean =>
  wanted(NEW_FLOW) || SIPHASH_ROWS.some(wanted) || clusterCases.some(({ name }) => wanted(name));
