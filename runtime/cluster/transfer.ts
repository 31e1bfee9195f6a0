/**
 * Repair and scaling, as the reading member of a bucket sees it: what it holds is to be with every member that is being filled, each
 * entry acknowledged, before the store is told that they have everything. New entries need no such care: their writes pass the
 * same members anyway. Sets are changed in place, since a bucket may hold a million entries.
 */
import type { Change, Source } from "./change.ts";
import { heldSince, type Member, memberOf, type Path, pathOf, type View } from "./view.ts";

/** What the reading member of a bucket owes to members that are being filled. */
export interface Duty<Key> {
  /** In the order in which entries pass them; the last one acknowledges. */
  readonly targets: readonly Member[];
  /** Names sender and targets, and since when they hold what they hold: another name is another duty. */
  readonly name: string;
  /** Not acknowledged yet. */
  readonly pending: Set<Key>;
}

/** By bucket. */
export type Duties<Key> = Map<number, Duty<Key>>;

const nameOf = (view: View, bucket: number, members: readonly Member[]): string =>
  members.map(({ node }) => `${node}@${heldSince(view, node, bucket)}`).join(" ");

/**
 * A node's duties under a view. What was acknowledged before still counts where the very same members are filled by the very same
 * source, which held the bucket all the time; any other source begins again with all it has.
 */
export function dutiesUnder<Key>(
  before: ReadonlyMap<number, Duty<Key>>,
  view: View,
  node: number,
  keysOf: (bucket: number) => Iterable<Key>,
  paths: (bucket: number) => Path = (bucket) => pathOf(view, bucket),
): Duties<Key> {
  const duties: Duties<Key> = new Map();
  const chain = memberOf(view, node)?.chain;
  const source = chain?.complete.at(-1);
  if (chain === undefined || source?.node !== node) return duties;
  for (let bucket = 0; bucket < view.keepers.length; bucket++) {
    if (view.keepers[bucket] !== chain.id) continue;
    if (chain.joiners.length === 0 && view.moves[bucket] === undefined) continue;
    const { members, complete } = paths(bucket);
    const targets = members.slice(complete);
    const name = nameOf(view, bucket, [source, ...targets]);
    const old = before.get(bucket);
    duties.set(bucket, old?.name === name ? old : { targets, name, pending: new Set(keysOf(bucket)) });
  }
  return duties;
}

/** The last target has it, or the entry is gone: there is nothing left to bring. */
export function acknowledged<Key>(duties: Duties<Key>, bucket: number, key: Key): void {
  duties.get(bucket)?.pending.delete(key);
}

/**
 * What the source may say now: of joiners, that they have everything; of buckets, that they have arrived. It speaks for the
 * epoch it acts in, and is refused if that has passed.
 */
export function completions<Key>(duties: ReadonlyMap<number, Duty<Key>>, view: View, node: number): readonly Change[] {
  const found = memberOf(view, node);
  if (found === null || duties.size === 0) return [];
  const { chain, member } = found;
  const by: Source = { ...member, epoch: view.epoch };
  const isDone = (bucket: number): boolean => duties.get(bucket)?.pending.size === 0;
  const arrived = [...duties.keys()].filter((bucket) => view.moves[bucket] !== undefined && isDone(bucket));
  const changes: Change[] = arrived.length === 0 ? [] : [{ kind: "arrive", buckets: arrived, by }];
  const [joiner] = chain.joiners;
  const kept = view.keepers.every((keeper, bucket) => keeper !== chain.id || isDone(bucket));
  if (joiner !== undefined && kept) changes.push({ kind: "complete", node: joiner.node, by });
  return changes;
}

/** A transferred entry is stored only where nothing stands: what came by a write is at least as new. */
export const isTaken = (standing: boolean): boolean => !standing;
