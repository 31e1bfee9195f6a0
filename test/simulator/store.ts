/** The cluster store and the controller beside it: views by compare-and-set, and what is done about nodes that are gone. */
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { type Change, propose } from "../../runtime/cluster/change.ts";
import { type Chain, type Member, memberOf, type View } from "../../runtime/cluster/view.ts";

export class Store {
  view: View;
  /** By epoch: when it was written. */
  readonly written: number[] = [];
  #outageUntil = Number.NEGATIVE_INFINITY;
  readonly #tell: ((text: string) => void) | null;

  constructor(first: View, tell: ((text: string) => void) | null) {
    this.view = first;
    this.written[first.epoch] = 0;
    this.#tell = tell;
  }

  /** Nobody reaches it until then. */
  outage(until: number): void {
    this.#outageUntil = until;
  }

  isOut(now: number): boolean {
    return now < this.#outageUntil;
  }

  /** Whether the view has changed. A change that is refused or needless leaves it. */
  change(change: Change, now: number): boolean {
    try {
      const next = propose(this.view, change);
      if (next === null) return false;
      this.view = next;
      this.written[next.epoch] = now;
      this.#tell?.(`VIEW ${next.epoch}: ${inWords(change)}. ${next.chains.map(chainInWords).join(", ")}`);
      return true;
    } catch (error) {
      if (error instanceof ZetaError) return false;
      throw error;
    }
  }
}

function inWords(change: Change): string {
  if ("buckets" in change) return `${change.kind} of ${change.buckets.length} buckets`;
  const { kind, ...rest } = change;
  return `${kind} ${JSON.stringify(rest).replace(/["{}]/g, "").replaceAll(",", ", ")}`;
}

const chainInWords = ({ id, complete, joiners }: Chain): string => {
  const nodes = [...complete.map(({ node }) => `${node}`), ...joiners.map(({ node }) => `(${node})`)];
  return `chain ${id}: ${nodes.join(" ")}`;
};

/** What the controller sees of the nodes. */
export interface Sight {
  /** Whether this member is up, with the table that it was taken in with. */
  isIntact(member: Member): boolean;
  isUp(node: number): boolean;
  /** How long a member that is not intact has been so. */
  gapSince(member: Member): number;
}

/** What the controller does next; it does one thing at a time. */
export function repairOf(
  view: View,
  nodes: readonly number[],
  chain: number,
  sight: Sight,
  wait: number,
): Change | null {
  const spares = nodes.filter((node) => sight.isUp(node) && memberOf(view, node) === null);
  for (const { id, complete, joiners } of view.chains) {
    const gone = [...complete, ...joiners].find((member) => !sight.isIntact(member) && sight.gapSince(member) >= wait);
    if (gone === undefined) continue;
    if (complete.length > 1 || complete[0] !== gone) return { kind: "expel", ...gone };
    const own = sight.isUp(gone.node) ? [gone.node] : [];
    const fresh = [...own, ...spares, ...joiners.map(({ node }) => node).filter((node) => sight.isUp(node))];
    if (fresh.length > 0) return { kind: "replace", chain: id, nodes: fresh.slice(0, chain), instead: complete };
  }
  for (const { id } of view.chains) {
    const isUsed = view.keepers.includes(id) || Object.values(view.moves).some(({ to }) => to === id);
    if (!isUsed && view.chains.length > 1) return { kind: "dismiss", chain: id };
  }
  const [spare] = spares;
  if (spare === undefined) return null;
  const short = view.chains.find(({ complete, joiners }) => joiners.length === 0 && complete.length < chain);
  return short === undefined ? null : { kind: "join", chain: short.id, node: spare };
}
