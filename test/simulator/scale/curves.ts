/**
 * How a cluster grows: which node keeps how many of millions of flows, how many move when a chain comes or goes, how many messages a new flow
 * takes, and how large a node's tables are. Views are the product's own, made by its changes from one chain on; flows are counted one
 * by one; messages are counted on walks through the data plane's own programs.
 */
import { BUCKETS } from "../../../runtime/cluster/buckets.ts";
import { pathOf, type View } from "../../../runtime/cluster/view.ts";
import { waysFor } from "../../../runtime/node/flow-tables.ts";
import { countAtNodes, countMoved, drawFlows, type Flow, type Flows } from "./flows.ts";
import { grown, withAnother, withoutLast } from "./growth.ts";
import { FORWARDER, openWalks, type Walks } from "./walks.ts";

export interface Point {
  readonly nodes: number;
  readonly chains: number;
  /** Flows of the node that keeps most, as a multiple of the mean. */
  readonly balance: number;
  /** Part of all flows that move when a chain comes, and when one goes. */
  readonly movedOut: number;
  readonly movedIn: number;
  /** Part of all buckets that moved then, and the least part that could. */
  readonly bucketsOut: number;
  readonly bucketsIn: number;
  readonly leastOut: number;
  readonly leastIn: number;
  /** Of a new flow's packet: on the mean of all flows, and while a chain is being filled. */
  readonly messages: number;
  readonly messagesFilling: number;
  /** New flows whose walks were done for that. */
  readonly walks: number;
  /** Of the flow tables of the node that keeps most, in bytes: those that a node is loaded with that is to have room for so many. */
  readonly memory: number;
}

export interface ScaleOptions {
  /** Flow-table nodes. */
  readonly nodes: readonly number[];
  readonly flows: number;
  readonly chain: number;
}

/** Node numbers end at 4095, and 95 are left for forwarders. */
export const SCALE: ScaleOptions = { nodes: [9, 30, 99, 300, 999, 1500, 2001, 3000, 3999], flows: 9_000_000, chain: 3 };

/** Walks for each length of paths at each size. */
const WALKS = 24;

const isOf = (view: View, length: number, { bucket }: Flow): boolean => pathOf(view, bucket).members.length === length;

/** On the mean of all flows, each as those of the sample took whose path is as long. */
async function messagesOf(
  view: View,
  { count, buckets }: Flows,
  unused: Set<Flow>,
  walks: Walks,
): Promise<{ readonly mean: number; readonly done: number }> {
  const lengths = view.keepers.map((_, bucket) => pathOf(view, bucket).members.length);
  const taken = new Map<number, number>();
  let done = 0;
  for (const length of new Set(lengths)) {
    const chosen = [...unused].filter((flow) => isOf(view, length, flow)).slice(0, WALKS);
    const seen = new Set<number>();
    for (const flow of chosen) {
      unused.delete(flow);
      seen.add(await walks.messages(view, flow));
    }
    const [messages] = seen;
    if (messages === undefined || seen.size > 1)
      throw new Error(`Paths of ${length} took ${[...seen].join(" or ") || "no"} messages at epoch ${view.epoch}.`);
    taken.set(length, messages);
    done += chosen.length;
  }
  const ofBucket = Uint8Array.from(lengths, (length) => taken.get(length) ?? 0);
  let sum = 0;
  for (let nth = 0; nth < count; nth++) sum += ofBucket[buckets[nth] as number] as number;
  return { mean: sum / count, done };
}

const most = (counts: Uint32Array): number => counts.reduce((one, other) => Math.max(one, other), 0);
const movedBuckets = (before: View, after: View): number =>
  before.keepers.filter((chain, bucket) => after.keepers[bucket] !== chain).length / BUCKETS;

async function pointOf(view: View, chain: number, flows: Flows, unused: Set<Flow>, walks: Walks): Promise<Point> {
  const { length: chains } = view.chains;
  const nodes = chains * chain;
  const keptBy = view.keepers.map((_, bucket) => pathOf(view, bucket).members.map(({ node }) => node));
  const { four, six } = countAtNodes(flows, keptBy, FORWARDER);
  const all = four.map((count, node) => count + (six[node] as number));
  const { filling, after } = withAnother(view, chain);
  const rest = withoutLast(view);
  const [settled, filled] = [
    await messagesOf(view, flows, unused, walks),
    await messagesOf(filling, flows, unused, walks),
  ];
  const last = view.chains.at(-1)?.id;
  return {
    nodes,
    chains,
    balance: most(all) / ((flows.count * chain) / nodes),
    movedOut: countMoved(flows, view.keepers, after.keepers) / flows.count,
    movedIn: countMoved(flows, view.keepers, rest.keepers) / flows.count,
    bucketsOut: movedBuckets(view, after),
    bucketsIn: movedBuckets(view, rest),
    leastOut: Math.floor(BUCKETS / (chains + 1)) / BUCKETS,
    leastIn: view.keepers.filter((id) => id === last).length / BUCKETS,
    messages: settled.mean,
    messagesFilling: filled.mean,
    walks: settled.done + filled.done,
    memory: walks.bytesOf(waysFor(Math.max(most(four), most(six)))),
  };
}

/** The points of fewer sizes are the first of those of more. */
export async function curves({ nodes, flows: count, chain }: ScaleOptions = SCALE): Promise<readonly Point[]> {
  const flows = drawFlows(count);
  const unused = new Set(flows.sample);
  const walks = await openWalks();
  const points: Point[] = [];
  for (const view of grown(
    nodes.map((each) => Math.floor(each / chain)),
    chain,
  ))
    points.push(await pointOf(view, chain, flows, unused, walks));
  return points;
}
