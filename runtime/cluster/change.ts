/**
 * Changes of a view, as values: what an agent or a controller proposes to the store. Each names what it saw, so that a change
 * that another one was faster than is either still right on the newer view, needless there, or refused.
 */
import { failure } from "../loader/problems.ts";
import { assignBuckets } from "./assign.ts";
import { refusedChange } from "./problems.ts";
import { type Chain, chainOf, type Member, type Move, memberOf, pathOf, type View } from "./view.ts";
import { brokenInvariant } from "./view-schema.ts";

export type Change =
  /** A member is believed dead: this incarnation of it, and no later one. */
  | { readonly kind: "expel"; readonly node: number; readonly joined: number }
  /** A node begins to be filled. */
  | { readonly kind: "join"; readonly chain: number; readonly node: number }
  /** The source has had everything acknowledged that it held: this joiner has it all. */
  | { readonly kind: "complete"; readonly node: number; readonly by: Source }
  /** These were all that a chain had, and they are gone: others, or later lives of the same, begin with nothing. */
  | {
      readonly kind: "replace";
      readonly chain: number;
      readonly nodes: readonly number[];
      readonly instead: readonly Member[];
    }
  /** Another chain; buckets begin to move to it. */
  | { readonly kind: "scale-out"; readonly nodes: readonly number[] }
  /** A chain's buckets begin to move to the others. */
  | { readonly kind: "scale-in"; readonly chain: number }
  /** Buckets have arrived. */
  | { readonly kind: "arrive"; readonly buckets: readonly number[]; readonly by: Source }
  /** Buckets stay where they are after all. */
  | { readonly kind: "roll-back"; readonly buckets: readonly number[] }
  /** A chain that keeps nothing and gets nothing is let go of. */
  | { readonly kind: "dismiss"; readonly chain: number }
  /** Forwarders, and which of them answers for which address. */
  | { readonly kind: "entrances"; readonly forwarders: readonly number[]; readonly entrances: View["entrances"] };

/** Who says that a transfer is done: the reading member at that epoch. */
export interface Source extends Member {
  readonly epoch: number;
}

type Next = Partial<Omit<View, "epoch">>;

const refused = (change: Change, reason: string): Error => failure(refusedChange(null, change.kind, reason));

const withChain = (view: View, id: number, edit: (chain: Chain) => Chain): Next => ({
  chains: view.chains.map((chain) => (chain.id === id ? edit(chain) : chain)),
});

const isSame = (a: Member, b: Member): boolean => a.node === b.node && a.joined === b.joined;

function expel(view: View, change: Extract<Change, { kind: "expel" }>): Next | null {
  const found = memberOf(view, change.node);
  if (found === null || !isSame(found.member, change)) return null;
  const { chain, member } = found;
  const without = (members: readonly Member[]) => members.filter((one) => one !== member);
  if (without(chain.complete).length === 0)
    throw refused(
      change,
      `node ${change.node} is the last of chain ${chain.id} that has everything: replace the chain`,
    );
  return withChain(view, chain.id, (each) => ({
    ...each,
    complete: without(each.complete),
    joiners: without(each.joiners),
  }));
}

function join(view: View, change: Extract<Change, { kind: "join" }>): Next | null {
  const found = memberOf(view, change.node);
  if (found?.chain.id === change.chain) return null;
  if (found !== null) throw refused(change, `node ${change.node} is in chain ${found.chain.id}`);
  if (chainOf(view, change.chain) === undefined) throw refused(change, `there is no chain ${change.chain}`);
  const joiner = { node: change.node, joined: view.epoch + 1 };
  return withChain(view, change.chain, (chain) => ({ ...chain, joiners: [...chain.joiners, joiner] }));
}

/** A source speaks for the epoch that it acts in: a newer one may have given it other duties. */
function checkSource(view: View, change: Change, bucket: number, by: Source): void {
  const { members, complete } = pathOf(view, bucket);
  const reading = members[complete - 1];
  if (by.epoch !== view.epoch)
    throw refused(change, `its source speaks of epoch ${by.epoch}, and this is ${view.epoch}`);
  if (reading === undefined || !isSame(reading, by)) throw refused(change, `node ${by.node} is not its source`);
}

function complete(view: View, change: Extract<Change, { kind: "complete" }>): Next | null {
  const found = memberOf(view, change.node);
  if (found === null) throw refused(change, `node ${change.node} is in no chain`);
  const { chain, member } = found;
  if (chain.complete.includes(member)) return null;
  const source = chain.complete.at(-1);
  if (change.by.epoch !== view.epoch)
    throw refused(change, `its source speaks of epoch ${change.by.epoch}, and this is ${view.epoch}`);
  if (source === undefined || !isSame(source, change.by))
    throw refused(change, `node ${change.by.node} is not its source`);
  return withChain(view, chain.id, (each) => ({
    ...each,
    complete: [...each.complete, member],
    joiners: each.joiners.filter((one) => one !== member),
  }));
}

function replace(view: View, change: Extract<Change, { kind: "replace" }>): Next | null {
  const chain = chainOf(view, change.chain);
  if (chain === undefined) throw refused(change, `there is no chain ${change.chain}`);
  if (chain.complete.some((member) => !change.instead.some((one) => isSame(one, member)))) return null;
  const elsewhere = change.nodes.find((node) => (memberOf(view, node)?.chain.id ?? chain.id) !== chain.id);
  if (elsewhere !== undefined) throw refused(change, `node ${elsewhere} is in another chain`);
  const epoch = view.epoch + 1;
  const fresh = change.nodes.map((node) => ({ node, joined: epoch }));
  const lost = view.lost.map((before, bucket) => (view.keepers[bucket] === chain.id ? epoch : before));
  return { ...withChain(view, chain.id, (each) => ({ ...each, complete: fresh, joiners: [] })), lost };
}

/** Buckets begin to move to where `assigned` has them; those on their way already go on. */
function begun(view: View, assigned: readonly number[]): Readonly<Record<number, Move>> {
  const since = view.epoch + 1;
  const moves: Record<number, Move> = { ...view.moves };
  for (const [bucket, to] of assigned.entries())
    if (moves[bucket] === undefined && view.keepers[bucket] !== to) moves[bucket] = { to, since };
  return moves;
}

function scaleOut(view: View, change: Extract<Change, { kind: "scale-out" }>): Next {
  const listed = change.nodes.find((node) => memberOf(view, node) !== null);
  if (listed !== undefined) throw refused(change, `node ${listed} is in a chain`);
  if (Object.keys(view.moves).length > 0)
    throw refused(change, "buckets are on their way: wait for them, or roll them back");
  const epoch = view.epoch + 1;
  const id = Math.max(...view.chains.map((chain) => chain.id)) + 1;
  const chain: Chain = { id, complete: change.nodes.map((node) => ({ node, joined: epoch })), joiners: [] };
  const chains = [...view.chains, chain];
  const ids = chains.map((each) => each.id);
  return { chains, moves: begun(view, assignBuckets(ids, view.keepers)) };
}

function scaleIn(view: View, change: Extract<Change, { kind: "scale-in" }>): Next | null {
  if (chainOf(view, change.chain) === undefined) return null;
  if (Object.keys(view.moves).length > 0)
    throw refused(change, "buckets are on their way: wait for them, or roll them back");
  const rest = view.chains.map(({ id }) => id).filter((id) => id !== change.chain);
  if (rest.length === 0) throw refused(change, "it is the last chain");
  return { moves: begun(view, assignBuckets(rest, view.keepers)) };
}

function arrive(view: View, change: Extract<Change, { kind: "arrive" }>): Next | null {
  const arrived = change.buckets.filter((bucket) => view.moves[bucket] !== undefined);
  if (arrived.length === 0) return null;
  const keepers = [...view.keepers];
  const since = [...view.since];
  const moves: Record<number, Move> = { ...view.moves };
  for (const bucket of arrived) {
    checkSource(view, change, bucket, change.by);
    const move = view.moves[bucket] as Move;
    keepers[bucket] = move.to;
    since[bucket] = move.since;
    delete moves[bucket];
  }
  return { keepers, since, moves };
}

function rollBack(view: View, change: Extract<Change, { kind: "roll-back" }>): Next | null {
  const moves: Record<number, Move> = { ...view.moves };
  const moving = change.buckets.filter((bucket) => moves[bucket] !== undefined);
  if (moving.length === 0) return null;
  for (const bucket of moving) delete moves[bucket];
  return { moves };
}

function dismiss(view: View, change: Extract<Change, { kind: "dismiss" }>): Next | null {
  if (chainOf(view, change.chain) === undefined) return null;
  const isUsed = view.keepers.includes(change.chain) || Object.values(view.moves).some(({ to }) => to === change.chain);
  if (isUsed) throw refused(change, `chain ${change.chain} keeps buckets`);
  return { chains: view.chains.filter(({ id }) => id !== change.chain) };
}

function nextOf(view: View, change: Change): Next | null {
  switch (change.kind) {
    case "expel":
      return expel(view, change);
    case "join":
      return join(view, change);
    case "complete":
      return complete(view, change);
    case "replace":
      return replace(view, change);
    case "scale-out":
      return scaleOut(view, change);
    case "scale-in":
      return scaleIn(view, change);
    case "arrive":
      return arrive(view, change);
    case "roll-back":
      return rollBack(view, change);
    case "dismiss":
      return dismiss(view, change);
    case "entrances":
      return { forwarders: change.forwarders, entrances: change.entrances };
  }
}

/**
 * The view that a change makes of one, an epoch later; null when the view has it already. The store takes it if its own epoch
 * is still `view.epoch`; else the same change is proposed again, to the view that was faster.
 * @throws ZetaError: ZT8503, and nothing is to be written.
 */
export function propose(view: View, change: Change): View | null {
  const next = nextOf(view, change);
  if (next === null) return null;
  const proposed: View = { ...view, ...next, epoch: view.epoch + 1 };
  const wrong = brokenInvariant(proposed);
  if (wrong !== null) throw refused(change, `${wrong.path}: ${wrong.reason}`);
  return proposed;
}
