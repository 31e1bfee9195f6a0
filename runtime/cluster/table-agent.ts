/**
 * The agent of one node: it takes up views for the node's data plane, empties what is of another time before the node acts by them,
 * and has others filled while it is the one that is read. What it knows and may say is pure (agent.ts, transfer.ts).
 */
import {
  type AgentState,
  correction,
  decidesFrom,
  isListed,
  startAgent,
  storeAnswered,
  storeIsEmpty,
} from "./agent.ts";
import { BUCKETS } from "./buckets.ts";
import type { Change } from "./change.ts";
import type { DataPlane, Path, Self } from "./data-plane.ts";
import type { Filling } from "./filling.ts";
import type { Tables } from "./table-memory.ts";
import type { Times } from "./time.ts";
import { memberOf, pathOf, type View } from "./view.ts";

/** A moment, by both of a node's clocks. What was read of either may be late by now: nothing that begins at it lasts too long for that. */
export interface Moment {
  /** Milliseconds, by the agent's clock. */
  readonly at: number;
  /** When no more than so many milliseconds have passed since, in the data plane's spans; never 0. */
  readonly spansWithin: (milliseconds: number) => number;
}

/** What an agent has of its node. */
export interface AgentOf {
  readonly plane: Pick<DataPlane, "view" | "retire">;
  /** Null on forwarders, which keep nothing that others lack. */
  readonly keeps: { readonly tables: Tables; readonly filling: Filling } | null;
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number;
  readonly moment: () => Moment;
  /** So many milliseconds from now, in the data plane's spans. */
  readonly spansAfter: (milliseconds: number) => number;
  /** Returns when all programs that run now have ended. */
  readonly wait: () => void;
}

export interface TableAgent {
  readonly state: AgentState;
  /** The cluster has no view yet: whichever comes first, this life of the node is older. */
  storeIsEmpty(): void;
  /** Now: to be had before the store is asked. */
  moment(): Moment;
  /**
   * This view was the newest when it was asked for, which was now unless told, and may be acted by for `lease` milliseconds from then; for
   * good unless told. Views that are older than the one that is acted by tell nothing; the same one again prolongs the lease.
   */
  told(self: Self, view: View, lease?: number, asked?: Moment): void;
  /** Has others filled, a little. Gives how many entries are still owed to them. */
  turn(): number;
  /** Entries that are owed, as of the last turn. */
  readonly owed: number;
  /** What the store is to be asked for. */
  proposals(): readonly Change[];
}

/** More than there are chains. */
const CHAINS = 2 ** 16;

export function tableAgentOf(
  node: number,
  { plane, keeps, now, moment, spansAfter, wait }: AgentOf,
  quiet: number,
): TableAgent {
  let state = startAgent(node);
  let own: Self | null = null;
  /** When the lease ends, in the data plane's spans; 0 for never. */
  let ends = 0;

  function placedAt(view: View, bucket: number, waits: number): Path {
    const { members, complete } = pathOf(view, bucket);
    return { members: members.map((one) => one.node), complete, quiet: waits > 0 ? spansAfter(waits) : 0 };
  }

  const placed = (view: View): readonly Path[] => {
    const at = now();
    // Most buckets have theirs in common with others: by their chains, and by when they may decide.
    const paths = new Map<number, Map<number, Path>>();
    return Array.from({ length: BUCKETS }, (_, bucket) => {
      const chains = (view.keepers[bucket] as number) * CHAINS + (view.moves[bucket]?.to ?? CHAINS - 1);
      const from = decidesFrom(state, bucket);
      const known = paths.get(chains) ?? new Map<number, Path>();
      paths.set(chains, known);
      const path = known.get(from) ?? placedAt(view, bucket, from - at);
      known.set(from, path);
      return path;
    });
  };
  let last: { readonly view: View; readonly paths: readonly Path[] } | null = null;
  const pathsOf = (view: View): readonly Path[] => {
    if (last?.view !== view) last = { view, paths: placed(view) };
    return last.paths;
  };

  /** An earlier life of the node is listed: it has no part in this view. */
  const isOfBefore = (view: View): boolean => memberOf(view, node) !== null && !isListed(state);

  /** A forwarder that the view does not have. A flow-table node is on no path then, and sends back what comes by older views. */
  const isLeftOut = (): boolean => keeps === null && !isListed(state);

  function act(view: View): void {
    if (own === null || isOfBefore(view) || isLeftOut() || state.until <= now()) plane.retire();
    else plane.view(own, { epoch: view.epoch, paths: pathsOf(view), until: ends });
  }

  return {
    get state() {
      return state;
    },
    storeIsEmpty() {
      state = storeIsEmpty(state);
    },
    moment,
    told(self, view, lease = Number.POSITIVE_INFINITY, asked = moment()) {
      const times: Pick<Times, "actFor" | "quiet"> = { actFor: lease, quiet };
      const step = storeAnswered(state, view, asked.at, now(), times);
      state = step.state;
      // Not where a lease that was given before lasts longer.
      if (state.until === asked.at + lease) ends = Number.isFinite(lease) ? asked.spansWithin(lease) : 0;
      own = self;
      if (!step.isNew) {
        if (state.view?.epoch === view.epoch) act(state.view);
        return;
      }
      const taken = new Set(step.forget.filter((bucket) => state.held[bucket] !== null));
      const left = new Set(step.forget.filter((bucket) => state.held[bucket] === null));
      if (keeps !== null && taken.size > 0) {
        // Nothing of another time may be there when the node acts for these buckets.
        plane.retire();
        wait();
        keeps.tables.forget(taken, true);
      }
      act(view);
      if (keeps === null) return;
      // What was on its way by the view before has been stored by now, or never will be.
      wait();
      keeps.tables.forget(left, false);
      keeps.filling.under(view, isListed(state) ? node : 0);
    },
    turn() {
      if (keeps === null) return 0;
      return now() < state.until ? keeps.filling.turn() : keeps.filling.owed;
    },
    get owed() {
      return keeps?.filling.owed ?? 0;
    },
    proposals() {
      const mend = correction(state);
      return mend !== null ? [mend] : (keeps?.filling.completions() ?? []);
    },
  };
}
