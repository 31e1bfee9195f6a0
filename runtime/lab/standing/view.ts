/** The view of a lab's cluster, changed by hand: who is lost is named, and nobody finds that out by itself. */
import { setTimeout } from "node:timers/promises";
import { type Change, propose } from "../../cluster/change.ts";
import { type Chain, chainOf, memberOf, type View } from "../../cluster/view.ts";
import { writeView } from "../../cluster/view-store.ts";
import { spreadRules } from "../cluster/topology.ts";
import { labError } from "../command.ts";
import { fillingEnds } from "../problems.ts";
import { clientOf, stateOfAgent, tellToLook } from "./agents.ts";
import { begunAnew } from "./anew.ts";
import { locked } from "./lock.ts";
import { memberNamed, namespaceNamed } from "./parts.ts";
import type { StandingPlace } from "./place.ts";
import { type LabRecord, type MemberRecord, readRecord, writeRecord } from "./record.ts";
import { checkReplacement, checkRuns, type Replacement, tableNamed } from "./replace.ts";

export interface ViewChange {
  /** Names of members that it goes without. */
  readonly without?: readonly string[];
  /** Names of members that are in it again: forwarders at once, flow-table nodes once they have been filled. */
  readonly with?: readonly string[];
  /** Names of flow-table nodes that are in no chain, and become one. */
  readonly chain?: readonly string[];
  /** Number of a chain whose buckets the others take over. */
  readonly dissolve?: number;
  /** A chain that was wholly lost, and who it is from now on. */
  readonly replace?: Replacement;
}

function expelled(view: View, { id }: MemberRecord): Change | null {
  const found = memberOf(view, id);
  return found === null ? null : { kind: "expel", node: id, joined: found.member.joined };
}

/** A flow-table node that comes back goes where nodes are fewest. */
function joined(view: View, { id }: MemberRecord): Change | null {
  if (memberOf(view, id) !== null) return null;
  const lengthOf = ({ complete, joiners }: Chain): number => complete.length + joiners.length;
  const [shortest] = view.chains.toSorted((one, other) => lengthOf(one) - lengthOf(other) || one.id - other.id);
  return shortest === undefined ? null : { kind: "join", chain: shortest.id, node: id };
}

function replaced(view: View, chain: number, nodes: readonly number[]): Change {
  return { kind: "replace", chain, nodes, instead: chainOf(view, chain)?.complete ?? [] };
}

/** The views that lead there, one epoch after the other. @throws ZetaError: ZT7014, ZT8503. */
function viewsTo(record: LabRecord, change: ViewChange): readonly View[] {
  const named = (names: readonly string[] = []): readonly MemberRecord[] =>
    names.map((name) => memberNamed(record, name));
  const [lost, back] = [named(change.without), named(change.with)];
  const [added = [], instead = []] = [change.chain, change.replace?.by].map((names) =>
    names?.map((name) => tableNamed(record, name)),
  );
  const idsOf = (members: readonly MemberRecord[]): readonly number[] => members.map(({ id }) => id);
  const forwarders = record.members
    .filter(({ kind }) => kind === "forwarder")
    .map(({ id }) => id)
    .filter((id) => !idsOf(lost).includes(id))
    .filter((id) => record.view.forwarders.includes(id) || idsOf(back).includes(id));
  const views: View[] = [];
  let now = record.view;
  const next = (one: Change | null): void => {
    const proposed = one === null ? null : propose(now, one);
    if (proposed === null) return;
    now = proposed;
    views.push(proposed);
  };
  for (const member of lost) next(expelled(now, member));
  if (forwarders.join() !== now.forwarders.join()) next({ kind: "entrances", forwarders, entrances: {} });
  if (change.replace !== undefined) next(replaced(now, change.replace.chain, idsOf(instead)));
  for (const member of back) if (member.kind === "table") next(joined(now, member));
  if (added.length > 0) next({ kind: "scale-out", nodes: idsOf(added) });
  if (change.dissolve !== undefined) next({ kind: "scale-in", chain: change.dissolve });
  return views;
}

/** The router gives packets to these. With none left, to nobody: as it was. */
export async function spreadOver(place: StandingPlace, record: LabRecord, view: View): Promise<void> {
  const all = record.members.filter(({ kind }) => kind === "forwarder");
  const over = [...all.entries()].filter(([, { id }]) => view.forwarders.includes(id)).map(([index]) => index);
  if (over.length === 0) return;
  const hosts = record.hosts.filter(({ kind }) => kind !== "router" && kind !== "wire").map(({ name }) => name);
  const rules = spreadRules(record.spread, over, hosts);
  await namespaceNamed(place, record, "router").run("nft", ["-f", "-"], { input: rules });
}

/** Tells an agent of the keys, and has it look for the newest view. */
export async function tellNewest(place: StandingPlace, member: MemberRecord, { keys }: LabRecord): Promise<void> {
  await clientOf(place, member).cluster({ keys });
  await tellToLook(place, member);
}

const running = ({ members }: LabRecord): readonly MemberRecord[] =>
  members.filter((member) => stateOfAgent(member) === "runs");

/** First written: who is told and who is not can be mended by whoever comes next. */
async function putInForce(place: StandingPlace, record: LabRecord, views: readonly View[]): Promise<LabRecord> {
  const newest = views.at(-1) ?? record.view;
  const changed: LabRecord = { ...record, view: newest };
  writeRecord(place, changed);
  if (views.length === 0 || newest.forwarders.join() !== record.view.forwarders.join())
    await spreadOver(place, record, newest);
  const told = running(record);
  // With no change, what there is: one that was interrupted may not have told it.
  for (const view of views.length === 0 ? [newest] : views) {
    writeView(place.store, view);
    await Promise.all(told.map((member) => tellToLook(place, member)));
  }
  return changed;
}

/** Milliseconds between two looks at members that are filled, and how long nothing need come of one. */
const LOOK = 100;
const PATIENCE = 60_000;

/** What agents ask for that is right on this view, or null; and how many entries are still on their way. */
async function asked(
  place: StandingPlace,
  record: LabRecord,
): Promise<{ readonly view: View | null; readonly owed: number }> {
  const tables = running(record).filter(({ kind }) => kind === "table");
  const all = await Promise.all(tables.map((member) => clientOf(place, member).clusterStatus()));
  const owed = all.reduce((sum, one) => sum + one.owed, 0);
  for (const change of all.flatMap(({ proposals }) => proposals)) {
    const view = propose(record.view, change);
    if (view !== null) return { view, owed };
  }
  return { view: null, owed };
}

const isFilling = ({ chains, moves }: View): boolean =>
  chains.some(({ joiners }) => joiners.length > 0) || Object.keys(moves).length > 0;

/** What is being filled is complete, chains that keep nothing are let go of, and all act by the view of that. @throws ZT7018. */
async function filled(place: StandingPlace, start: LabRecord): Promise<LabRecord> {
  let record = start;
  let [least, until] = [Number.POSITIVE_INFINITY, Date.now() + PATIENCE];
  while (isFilling(record.view)) {
    const { view, owed } = await asked(place, record);
    if (view !== null || owed < least) [least, until] = [owed, Date.now() + PATIENCE];
    if (Date.now() > until) throw labError(fillingEnds(null, owed));
    if (view === null) await setTimeout(LOOK);
    else record = await putInForce(place, record, [view]);
  }
  for (const { id } of record.view.chains) {
    if (record.view.keepers.includes(id)) continue;
    const view = propose(record.view, { kind: "dismiss", chain: id });
    if (view !== null) record = await putInForce(place, record, [view]);
  }
  return record;
}

/**
 * A new view, and all whose agents run act by it when this returns, with everything that its members need; with no change, the view
 * that there is, in which what was being filled is filled.
 * @throws ZetaError: ZT7011 to ZT7014, ZT7020, ZT7021, ZT8503: nothing has changed then; ZT7018 when filling comes to no end.
 */
export function changeView(place: StandingPlace, change: ViewChange): Promise<LabRecord> {
  return locked(place, async () => {
    const record = readRecord(place);
    await checkRuns(place, record, [...(change.with ?? []), ...(change.chain ?? [])]);
    if (change.replace !== undefined) await checkReplacement(place, record, change.replace);
    const told = await putInForce(place, record, viewsTo(record, change));
    const { replace } = change;
    return filled(place, replace === undefined ? told : await begunAnew(place, told, replace.chain));
  });
}
