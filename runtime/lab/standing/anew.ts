/** Chains that have begun anew, and from when on they decide. */
import { readFileSync } from "node:fs";
import { type StandingPlace, timesOf } from "./place.ts";
import { type LabRecord, writeRecord } from "./record.ts";

/** What is told of a chain that has begun anew, and decides nothing yet. */
export interface Anew {
  /** ISO 8601: it decides from then on. Left out once it does. */
  readonly decidesFrom?: string;
}

/** The chain decides when all who have just been told can know that nobody knows of what it had decided. */
export async function begunAnew(place: StandingPlace, record: LabRecord, chain: number): Promise<LabRecord> {
  const { checkedProgramTimes } = await import("../../cluster/time-schema.ts");
  const { quiet } = checkedProgramTimes(JSON.parse(readFileSync(timesOf(place), "utf8")));
  const changed = { ...record, anew: { ...record.anew, [chain]: Date.now() + quiet } };
  writeRecord(place, changed);
  return changed;
}

export function anewOf({ anew }: LabRecord, chain: number): Anew {
  const from = anew?.[chain] ?? 0;
  return from > Date.now() ? { decidesFrom: new Date(from).toISOString() } : {};
}
