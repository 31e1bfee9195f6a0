/** A chain that was wholly lost, begun anew with other nodes: what must be so before it is. */
import { chainOf } from "../../cluster/view.ts";
import { labError } from "../command.ts";
import { cannotTakePlace, chainLives, noSuchPart } from "../problems.ts";
import { memberNamed, namesOf } from "./parts.ts";
import type { StandingPlace } from "./place.ts";
import type { LabRecord, MemberRecord } from "./record.ts";
import { healthOf, type MemberHealth } from "./status.ts";

export interface Replacement {
  /** Number of the chain. */
  readonly chain: number;
  /** Names of flow-table nodes that are in no other chain: from now on the chain is these, and they have nothing. */
  readonly by: readonly string[];
  /** Also while members run that have everything: what they know is lost then. */
  readonly force: boolean;
}

/** @throws ZetaError: ZT7014. */
export function tableNamed(record: LabRecord, name: string): MemberRecord {
  const member = memberNamed(record, name);
  if (member.kind === "table") return member;
  const tables = record.members.filter(({ kind }) => kind === "table");
  throw labError(noSuchPart(null, "flow-table node", name, namesOf(tables)));
}

const wrongWith = ({ agent, data }: MemberHealth): string | null => {
  if (agent !== "runs") return agent === "gone" ? "its agent is gone" : "its agent is frozen";
  return data === "up" ? null : "its interfaces are down";
};

/** Whoever the view is to have from now on must run: what is written to others would never come through them. @throws ZetaError: ZT7014, ZT7021. */
export async function checkRuns(place: StandingPlace, record: LabRecord, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const wrong = wrongWith(await healthOf(place, record, memberNamed(record, name)));
    if (wrong !== null) throw labError(cannotTakePlace(null, name, wrong));
  }
}

/** @throws ZetaError: ZT7014, ZT7020, ZT7021. */
export async function checkReplacement(
  place: StandingPlace,
  record: LabRecord,
  { chain, by, force }: Replacement,
): Promise<void> {
  await checkRuns(place, record, namesOf(by.map((name) => tableNamed(record, name))));
  if (force) return;
  const ids = (chainOf(record.view, chain)?.complete ?? []).map(({ node }) => node);
  const members = record.members.filter(({ id }) => ids.includes(id));
  const health = await Promise.all(members.map((member) => healthOf(place, record, member)));
  const alive = members.filter((_, index) => wrongWith(health[index] as MemberHealth) === null);
  if (alive.length > 0) throw labError(chainLives(null, chain, namesOf(alive)));
}
