/** The agent of a node of the model: the product's state machine, with the rules that a test takes away. */
import * as agent from "../../../runtime/cluster/agent.ts";
import type { Times } from "../../../runtime/cluster/time.ts";
import { memberOf, type Path, pathOf, type View } from "../../../runtime/cluster/view.ts";
import type { Ask } from "../wire.ts";
import type { Rules } from "./rules.ts";

const known = new WeakMap<View, Map<number, Path>>();

/** Nodes of one view share what follows from it. */
export function pathIn(view: View, bucket: number): Path {
  let paths = known.get(view);
  if (paths === undefined) {
    paths = new Map();
    known.set(view, paths);
  }
  let path = paths.get(bucket);
  if (path === undefined) {
    path = pathOf(view, bucket);
    paths.set(bucket, path);
  }
  return path;
}

export class ModelAgent {
  state: agent.AgentState;
  readonly #times: Times;
  readonly #rules: Rules;
  #asked = Number.NEGATIVE_INFINITY;

  constructor(node: number, times: Times, rules: Rules) {
    this.state = agent.startAgent(node);
    this.#times = times;
    this.#rules = rules;
  }

  get view(): View | null {
    return this.state.view;
  }

  heard(epoch: number): void {
    if (epoch > this.state.heard) this.state = agent.heardOf(this.state, epoch);
  }

  mayAct(now: number): boolean {
    const { view, until } = this.state;
    if (view === null || (this.#rules.viewLease && now >= until)) return false;
    return this.#rules.incarnation ? agent.isListed(this.state) : this.#isNamed(view);
  }

  #isNamed(view: View): boolean {
    return memberOf(view, this.state.node) !== null || view.forwarders.includes(this.state.node);
  }

  /** Buckets to forget, when another view is in force now; else null. */
  answer(view: View | null, asked: number, now: number): readonly number[] | null {
    if (view === null) {
      this.state = agent.storeIsEmpty(this.state);
      return null;
    }
    const before = this.state;
    const step = agent.storeAnswered(before, view, asked, now, this.#times);
    this.state = step.state;
    if (!step.isNew) return null;
    const { incarnation, bucketSince } = this.#rules;
    if (incarnation && bucketSince) return step.forget;
    const joined = (of: View | null) => (of === null ? null : (memberOf(of, before.node)?.member.joined ?? null));
    const isFresh = incarnation && joined(before.view) !== joined(view);
    return step.forget.filter((bucket) => {
      if (isFresh) return true;
      return !pathIn(view, bucket).members.some(({ node }) => node === before.node);
    });
  }

  /** Often enough that a lease outlives two lost answers; at once when an operation of a newer epoch has come by. */
  asks(now: number): Ask[] {
    const { actFor, hop } = this.#times;
    const every = agent.isBehind(this.state) ? hop / 2 : actFor / 8;
    const asks: Ask[] = [];
    if (now - this.#asked < every) return asks;
    this.#asked = now;
    asks.push({ kind: "view" });
    const change = this.#rules.incarnation ? agent.correction(this.state) : null;
    if (change !== null) asks.push({ kind: "propose", change });
    return asks;
  }
}
