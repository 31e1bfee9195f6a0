/** A cluster that grows chain by chain, as its controllers would have it grow: by changes of its view, each an epoch, to the last bucket. */
import { assignBuckets } from "../../../runtime/cluster/assign.ts";
import { type Change, propose } from "../../../runtime/cluster/change.ts";
import { firstView, pathOf, type View } from "../../../runtime/cluster/view.ts";

/** The view that a change makes. What changes nothing is a mistake here. */
function changed(view: View, change: Change): View {
  const next = propose(view, change);
  if (next === null) throw new Error(`'${change.kind}' changes nothing at epoch ${view.epoch}.`);
  return next;
}

/** Everything arrives, from one source after the other. */
function arrived(start: View): View {
  let view = start;
  const sources = new Map<number, number[]>();
  for (const bucket of Object.keys(view.moves).map(Number)) {
    const keeper = view.keepers[bucket] as number;
    sources.set(keeper, [...(sources.get(keeper) ?? []), bucket]);
  }
  for (const buckets of sources.values()) {
    const { members, complete } = pathOf(view, buckets[0] as number);
    const source = members[complete - 1];
    if (source === undefined) throw new Error("A bucket is nobody's.");
    view = changed(view, { kind: "arrive", buckets, by: { ...source, epoch: view.epoch } });
  }
  return view;
}

/** Another chain, of the nodes with the next numbers: while it is filled, and when it is. */
export interface Growth {
  readonly filling: View;
  readonly after: View;
}

export function withAnother(view: View, length: number): Growth {
  const last = Math.max(...view.chains.flatMap(({ complete }) => complete.map(({ node }) => node)));
  const nodes = Array.from({ length }, (_, index) => last + index + 1);
  const filling = changed(view, { kind: "scale-out", nodes });
  return { filling, after: arrived(filling) };
}

/** Without its last chain. */
export function withoutLast(view: View): View {
  const chain = view.chains.at(-1)?.id ?? -1;
  const leaving = propose(view, { kind: "scale-in", chain });
  return leaving === null ? view : changed(arrived(leaving), { kind: "dismiss", chain });
}

/** The views of a cluster that has come to these numbers of chains, in ascending order, one chain after the other. */
export function* grown(chains: readonly number[], length: number): Generator<View> {
  let view = firstView([Array.from({ length }, (_, place) => place + 1)], [], assignBuckets);
  for (const count of chains) {
    while (view.chains.length < count) view = withAnother(view, length).after;
    yield view;
  }
}
