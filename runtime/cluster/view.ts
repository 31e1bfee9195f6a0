/**
 * A view: what all nodes of a cluster go by, one epoch after the other. The cluster store holds the newest one and takes
 * another only by compare-and-set on the epoch. Views are values: changes (change.ts) give a new one.
 */
import { BUCKETS } from "./buckets.ts";

/** A flow-table node in a chain. */
export interface Member {
  /** The node's number, 1 to 4095. */
  readonly node: number;
  /** Epoch of the view that took it in: its table holds nothing older. */
  readonly joined: number;
}

/** Nodes that keep the same buckets, in the order in which a write passes them. */
export interface Chain {
  /** Never given to another chain. */
  readonly id: number;
  /** Members that have everything: the first decides, the last is read. */
  readonly complete: readonly Member[];
  /** Members that are being filled: they are written behind the others, and every answer leaves through them. */
  readonly joiners: readonly Member[];
}

/** A bucket on its way to another chain, whose members are written behind the old one's until they have everything. */
export interface Move {
  readonly to: number;
  /** Epoch at which it began. */
  readonly since: number;
}

export interface View {
  readonly epoch: number;
  readonly chains: readonly Chain[];
  /** Of each bucket, the chain that keeps it. */
  readonly keepers: readonly number[];
  /**
   * Of each bucket, the epoch from which on its chain has been written: a node whose table holds something older of it, from a
   * time when the bucket was there before, must not take that for the bucket's.
   */
  readonly since: readonly number[];
  /**
   * Of each bucket, the epoch at which all nodes that had everything of it were gone, 0 where that never happened. Whoever keeps it,
   * then or later, decides nothing until nobody can know of what was decided before.
   */
  readonly lost: readonly number[];
  /** By bucket: those that move. */
  readonly moves: Readonly<Record<number, Move>>;
  /** Numbers of the forwarders. */
  readonly forwarders: readonly number[];
  /** By address: the forwarder that answers for it. */
  readonly entrances: Readonly<Record<string, number>>;
}

/** Where a bucket's writes pass. */
export interface Path {
  readonly members: readonly Member[];
  /** How many, from the first on, have everything. */
  readonly complete: number;
}

export const chainOf = (view: View, id: number): Chain | undefined => view.chains.find((chain) => chain.id === id);

/** Complete members in order, then those that are being filled: joiners, and the whole chain that the bucket moves to. */
export function pathOf(view: View, bucket: number): Path {
  const chain = chainOf(view, view.keepers[bucket] ?? -1);
  if (chain === undefined) return { members: [], complete: 0 };
  const move = view.moves[bucket];
  const target = move === undefined ? undefined : chainOf(view, move.to);
  const filled = target === undefined ? chain.joiners : [...chain.joiners, ...target.complete, ...target.joiners];
  return { members: [...chain.complete, ...filled], complete: chain.complete.length };
}

/** The member of this number, and its chain; null for a node that the view does not list. */
export function memberOf(view: View, node: number): { readonly member: Member; readonly chain: Chain } | null {
  for (const chain of view.chains) {
    const member = chain.complete.find((one) => one.node === node) ?? chain.joiners.find((one) => one.node === node);
    if (member !== undefined) return { member, chain };
  }
  return null;
}

/**
 * Epoch from which on a node has been written what a bucket holds, without a gap; null where it is not on the bucket's path.
 * Whatever else its table holds of the bucket is of another time.
 */
export const heldSince = (view: View, node: number, bucket: number): number | null =>
  holding(view, memberOf(view, node), bucket);

function holding(view: View, found: ReturnType<typeof memberOf>, bucket: number): number | null {
  if (found === null) return null;
  const { chain, member } = found;
  if (view.keepers[bucket] === chain.id) return Math.max(member.joined, view.since[bucket] ?? 0);
  const move = view.moves[bucket];
  return move?.to === chain.id ? Math.max(member.joined, move.since) : null;
}

/** The same of all buckets. */
export function holdings(view: View, node: number): readonly (number | null)[] {
  const found = memberOf(view, node);
  return view.keepers.map((_, bucket) => holding(view, found, bucket));
}

/** A first view: chains of these nodes, which are empty; buckets as `assign` has them. */
export function firstView(
  chains: readonly (readonly number[])[],
  forwarders: readonly number[],
  assign: (ids: readonly number[]) => readonly number[],
  entrances: Readonly<Record<string, number>> = {},
): View {
  const epoch = 1;
  return {
    epoch,
    chains: chains.map((nodes, id) => ({
      id,
      complete: nodes.map((node) => ({ node, joined: epoch })),
      joiners: [],
    })),
    keepers: assign(chains.map((_, id) => id)),
    since: new Array<number>(BUCKETS).fill(epoch),
    lost: new Array<number>(BUCKETS).fill(0),
    moves: {},
    forwarders,
    entrances,
  };
}
