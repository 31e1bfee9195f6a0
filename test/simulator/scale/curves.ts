/**
 * How a cluster grows, without a packet: which chain keeps which flow, what moves when a chain comes or goes, how many messages a new
 * flow takes, and what nodes keep. By the product's own assignment of buckets and its own views, over millions of flows.
 */
import { assignBuckets } from "../../../runtime/cluster/assign.ts";
import { BUCKETS, bucketOfPort, hashAddress } from "../../../runtime/cluster/buckets.ts";
import { propose } from "../../../runtime/cluster/change.ts";
import { firstView, pathOf, type View } from "../../../runtime/cluster/view.ts";
import { waysFor } from "../../../runtime/node/flow-tables.ts";
import { random } from "../../kit/random.ts";

export interface Point {
  readonly nodes: number;
  readonly chains: number;
  /** Flows of the chain that keeps most, as a multiple of the mean. */
  readonly balance: number;
  /** Part of all buckets that move when a chain comes, and when one goes; and the least part that could. */
  readonly movedOut: number;
  readonly movedIn: number;
  readonly leastOut: number;
  readonly leastIn: number;
  /** Hops of a new flow's packet within the cluster: on the mean, and while a chain is being filled. */
  readonly messages: number;
  readonly messagesFilling: number;
  /** Of the flow tables of a node of the fullest chain, in bytes. */
  readonly memory: number;
}

export interface ScaleOptions {
  /** Flow-table nodes. */
  readonly nodes: readonly number[];
  readonly flows: number;
  readonly chain: number;
}

/** Node numbers end at 4095, and 95 are left for forwarders. */
export const SCALE: ScaleOptions = { nodes: [9, 30, 99, 300, 999, 1500, 2001, 3000, 4000], flows: 4_000_000, chain: 3 };

const PORTS_OF_A_CLIENT = 50;
/** Bytes of a way of the IPv4 table, and of what flow-table nodes keep beside it. */
const WAY = 64;
const KEPT = 32;

/** Flows by bucket: clients at any addresses, each with a range of ports. */
function flowsByBucket(flows: number): readonly number[] {
  const from = random(1);
  const counts = new Array<number>(BUCKETS).fill(0);
  for (let left = flows; left > 0; left -= PORTS_OF_A_CLIENT) {
    const hash = hashAddress((0xffffn << 32n) | BigInt(from.u32()));
    const first = from.between(1024, 60_000);
    for (let nth = 0; nth < Math.min(left, PORTS_OF_A_CLIENT); nth++) {
      const bucket = bucketOfPort(hash, first + nth);
      counts[bucket] = (counts[bucket] as number) + 1;
    }
  }
  return counts;
}

const chainsOf = (nodes: number, chain: number): number[][] =>
  Array.from({ length: Math.floor(nodes / chain) }, (_, id) =>
    Array.from({ length: chain }, (_, place) => id * chain + place + 1),
  );

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

/** On the mean of all flows. */
function messagesOf(view: View, counts: readonly number[]): number {
  const hops = new Map<string, number>();
  const of = (bucket: number): number => {
    const name = `${view.keepers[bucket]} ${view.moves[bucket]?.to ?? ""}`;
    const known = hops.get(name) ?? pathOf(view, bucket).members.length + 1;
    hops.set(name, known);
    return known;
  };
  const flows = counts.reduce((sum, one) => sum + one, 0);
  return counts.reduce((sum, count, bucket) => sum + count * of(bucket), 0) / flows;
}

function pointOf(nodes: number, chain: number, counts: readonly number[]): Point {
  const view = firstView(chainsOf(nodes, chain), [], assignBuckets);
  const { length: chains } = view.chains;
  const load = new Array<number>(chains).fill(0);
  for (const [bucket, id] of view.keepers.entries()) load[id] = (load[id] as number) + (counts[bucket] as number);
  const most = Math.max(...load);
  const fresh = Array.from({ length: chain }, (_, index) => nodes + index + 1);
  const out = propose(view, { kind: "scale-out", nodes: fresh }) ?? view;
  const last = chains - 1;
  const without = propose(view, { kind: "scale-in", chain: last }) ?? view;
  const moved = (after: View): number => Object.keys(after.moves).length / BUCKETS;
  return {
    nodes,
    chains,
    balance: most / mean(load),
    movedOut: moved(out),
    movedIn: moved(without),
    leastOut: Math.floor(BUCKETS / (chains + 1)) / BUCKETS,
    leastIn: view.keepers.filter((id) => id === last).length / BUCKETS,
    messages: messagesOf(view, counts),
    messagesFilling: messagesOf(out, counts),
    memory: waysFor(most) * (WAY + KEPT),
  };
}

export function curves({ nodes, flows, chain }: ScaleOptions = SCALE): readonly Point[] {
  const counts = flowsByBucket(flows);
  return nodes.map((count) => pointOf(count, chain, counts));
}
