/**
 * What a node's agent knows of its cluster, and what it therefore may do. A function of what it is told and of the node's own
 * clock, which it is given: it asks nothing and writes nothing by itself.
 *
 * Views are leased: the store says which view is the newest, and the node acts by it for so long from when it *asked*. A node
 * that starts keeps nothing and has no part in a view that listed an earlier life of it; it acts from the first view on that took it in
 * after it had started. That it hears of a newer epoch makes it ask, and no more: until the store answers it is what any node
 * is that has not heard, which operations of another epoch cannot reach and whose lease ends.
 */
import { BUCKETS } from "./buckets.ts";
import type { Change } from "./change.ts";
import type { Times } from "./time.ts";
import { holdings, memberOf, type View } from "./view.ts";

export interface AgentState {
  readonly node: number;
  /** Epoch of the first view that the store answered with after the node had started, 0 where there was none; null before. */
  readonly booted: number | null;
  readonly view: View | null;
  /** By the node's clock: from then on it does nothing. */
  readonly until: number;
  /** The newest epoch heard of. */
  readonly heard: number;
  /** Of each bucket, since which epoch the node's table has what it holds; null where the node has no part in it. */
  readonly held: readonly (number | null)[];
  /** By epoch at which buckets were lost: when this node may decide for them. */
  readonly quiet: ReadonlyMap<number, number>;
}

const NOTHING: readonly null[] = new Array<null>(BUCKETS).fill(null);

export const startAgent = (node: number): AgentState => ({
  node,
  booted: null,
  view: null,
  until: Number.NEGATIVE_INFINITY,
  heard: 0,
  held: NOTHING,
  quiet: new Map(),
});

/** The store has answered that there is no view yet: whichever will be the first, this life of the node is older. */
export const storeIsEmpty = (state: AgentState): AgentState => ({ ...state, booted: state.booted ?? 0 });

/** What is to be done to the node's table before it acts by the new state. */
export interface Step {
  readonly state: AgentState;
  /** Buckets of which the table is to forget everything: it is of another time, or no concern of this node. */
  readonly forget: readonly number[];
  /** Whether another view is in force now. */
  readonly isNew: boolean;
}

/** Whether the view lists this life of the node, and not an earlier one. */
export function isListed(state: AgentState): boolean {
  const { view, booted, node } = state;
  if (view === null || booted === null) return false;
  const found = memberOf(view, node);
  return found === null ? view.forwarders.includes(node) : found.member.joined > booted;
}

/**
 * The store has answered that this view was the newest when it was asked, at `asked` by the node's clock.
 * Answers that come late, of older views, tell nothing.
 */
export function storeAnswered(
  state: AgentState,
  view: View,
  asked: number,
  now: number,
  times: Pick<Times, "actFor" | "quiet">,
): Step {
  const booted = state.booted ?? view.epoch;
  const before = state.view?.epoch ?? 0;
  if (view.epoch < before) return { state, forget: [], isNew: false };
  const until = view.epoch === before ? Math.max(state.until, asked + times.actFor) : asked + times.actFor;
  if (view.epoch === before) return { state: { ...state, until }, forget: [], isNew: false };
  const next = { ...state, booted, view, until, heard: Math.max(state.heard, view.epoch) };
  const listed = isListed(next);
  const held = listed ? holdings(view, state.node) : NOTHING;
  const forget: number[] = [];
  for (let bucket = 0; bucket < held.length; bucket++) if (held[bucket] !== state.held[bucket]) forget.push(bucket);
  const quiet = new Map(state.quiet);
  for (const epoch of view.lost) if (epoch > 0 && !quiet.has(epoch)) quiet.set(epoch, now + times.quiet);
  return { state: { ...next, held, quiet }, forget, isNew: true };
}

/** An operation of this epoch has come by. */
export const heardOf = (state: AgentState, epoch: number): AgentState =>
  epoch > state.heard ? { ...state, heard: epoch } : state;

/** Whether the store is to be asked now, and not when the lease has run for a while. */
export const isBehind = (state: AgentState): boolean => state.heard > (state.view?.epoch ?? 0);

/** Whether the node may do anything at all. */
export const mayAct = (state: AgentState, now: number): boolean => now < state.until && isListed(state);

/**
 * When this node may say that a bucket does not have a flow, and so decide, or refuse: at once, unless all decisions of the bucket
 * were lost. Until then, what is not here may be known elsewhere.
 */
export function decidesFrom({ view, quiet }: AgentState, bucket: number): number {
  const lost = view?.lost[bucket] ?? 0;
  return lost === 0 ? Number.NEGATIVE_INFINITY : (quiet.get(lost) ?? Number.POSITIVE_INFINITY);
}

/**
 * What a node asks of the store when the view lists an earlier life of it: to be taken out, since only then can it be taken in
 * again. Where it was all that its chain had, the chain begins again, with what it is now. Null where all is well.
 */
export function correction({ view, booted, node }: AgentState): Change | null {
  if (view === null || booted === null) return null;
  const found = memberOf(view, node);
  if (found === null || found.member.joined > booted) return null;
  const { chain, member } = found;
  const isAll = chain.complete.length === 1 && chain.complete[0] === member;
  if (!isAll) return { kind: "expel", ...member };
  return { kind: "replace", chain: chain.id, nodes: [node], instead: chain.complete };
}
