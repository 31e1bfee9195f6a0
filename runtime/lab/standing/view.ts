/** The view of a lab's cluster, changed by hand: who is lost is named, and nobody finds that out by itself. */
import { type Change, propose } from "../../cluster/change.ts";
import { memberOf, type View } from "../../cluster/view.ts";
import { spreadRules } from "../cluster/topology.ts";
import { labError } from "../command.ts";
import { cannotReturn } from "../problems.ts";
import { clientOf, placed, stateOfAgent } from "./agents.ts";
import { locked } from "./lock.ts";
import { memberNamed, namespaceNamed } from "./parts.ts";
import type { StandingPlace } from "./place.ts";
import { type LabRecord, type MemberRecord, readRecord, writeRecord } from "./record.ts";

export interface ViewChange {
  /** Names of members that it goes without. */
  readonly without: readonly string[];
  /** Names of forwarders that are in it again. */
  readonly with: readonly string[];
}

function expelled(view: View, { id }: MemberRecord): Change | null {
  const found = memberOf(view, id);
  return found === null ? null : { kind: "expel", node: id, joined: found.member.joined };
}

/** The views that lead there, one epoch after the other. @throws ZetaError: ZT7014, ZT7015, ZT8503. */
function viewsTo(record: LabRecord, change: ViewChange): readonly View[] {
  const lost = change.without.map((name) => memberNamed(record, name));
  const back = change.with.map((name) => memberNamed(record, name));
  const table = back.find(({ kind }) => kind === "table");
  if (table !== undefined) throw labError(cannotReturn(null, table.name));
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

/** Tells an agent of the newest view that it does not have. */
export async function tellNewest(place: StandingPlace, member: MemberRecord, view: View): Promise<void> {
  const node = clientOf(place, member);
  const { epoch } = await node.status();
  if (epoch === null || epoch < view.epoch) await node.cluster({ view: placed(member, view) });
}

/**
 * A new view, and all whose agents run act by it when this returns; with no change, the view that there is.
 * @throws ZetaError: ZT7011 to ZT7015, ZT8503; nothing has changed then.
 */
export function changeView(place: StandingPlace, change: ViewChange): Promise<LabRecord> {
  return locked(place, async () => {
    const record = readRecord(place);
    const views = viewsTo(record, change);
    const newest = views.at(-1);
    if (newest === undefined) return record;
    // First written: who is told and who is not can be mended by whoever comes next.
    const changed: LabRecord = { ...record, view: newest };
    writeRecord(place, changed);
    await spreadOver(place, record, newest);
    const told = record.members.filter((member) => stateOfAgent(member) === "runs");
    for (const view of views)
      await Promise.all(told.map((member) => clientOf(place, member).cluster({ view: placed(member, view) })));
    return changed;
  });
}
