/** Records of runs: small JSON files, written whole or not at all, believed only where they name a process that is there. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { failure, stateNotWritable } from "../loader/problems.ts";
import type { XdpMode } from "../loader/xdp.ts";
import { runsFolder } from "./state.ts";
import { writeWhole } from "./whole-file.ts";

export interface AttachmentRecord {
  readonly interface: string;
  readonly index: number;
  readonly mode: XdpMode;
  readonly linkId: number;
  readonly programId: number;
  readonly program: string;
  readonly pin: string | null;
  /** As given to attach; null for the run's own namespace. */
  readonly namespace: string | null;
}

export interface RunRecord {
  readonly format: 1;
  readonly id: string;
  readonly pid: number;
  /** Clock ticks since boot at which the process started: tells it from a later one with the same number. */
  readonly startTime: number;
  /** The boot in which all numbers here have a meaning. */
  readonly boot: string;
  readonly service: string | null;
  readonly command: readonly string[];
  /** ISO 8601. */
  readonly started: string;
  /** Inode of the run's network namespace. */
  readonly networkNamespace: number;
  readonly attachments: readonly AttachmentRecord[];
}

/** Field 22 of /proc/PID/stat, or null when there is no such process. The second field may hold spaces and brackets. */
export function startTimeOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return null;
  }
}

export const currentBoot = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** True while the very process that wrote the record is there. */
export const isLive = (record: RunRecord): boolean =>
  record.boot === currentBoot() && startTimeOf(record.pid) === record.startTime;

/** A first record that finds no room leaves no folder of its run. @throws ZT4022. */
export function writeRecord(record: RunRecord, state?: string): void {
  const folder = join(runsFolder(state), record.id);
  let made: string | undefined;
  try {
    made = mkdirSync(folder, { recursive: true, mode: 0o755 });
    writeWhole(join(folder, "run.json"), `${JSON.stringify(record, null, 2)}\n`, 0o644);
  } catch (error) {
    if (made !== undefined) rmSync(folder, { recursive: true, force: true });
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw failure(stateNotWritable(null, runsFolder(state), reason), error);
  }
}

export const removeRecord = (id: string, state?: string): void =>
  rmSync(join(runsFolder(state), id), { recursive: true, force: true });

/** A record that somebody else damaged is as good as none. */
const isWhole = ({ pid, service, command, started, attachments }: RunRecord): boolean =>
  Number.isInteger(pid) &&
  typeof started === "string" &&
  isTextOrNull(service) &&
  Array.isArray(command) &&
  Array.isArray(attachments) &&
  attachments.every(
    (each) =>
      typeof each?.interface === "string" &&
      typeof each.mode === "string" &&
      Number.isInteger(each.linkId) &&
      isTextOrNull(each.pin) &&
      isTextOrNull(each.namespace),
  );

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";

function readRecord(id: string, state?: string): RunRecord | null {
  try {
    const record = JSON.parse(readFileSync(join(runsFolder(state), id, "run.json"), "utf8")) as RunRecord;
    return record.format === 1 && record.id === id && isWhole(record) ? record : null;
  } catch {
    return null;
  }
}

/** Names of all run folders, readable or not. */
export function runIds(state?: string): string[] {
  try {
    return readdirSync(runsFolder(state)).sort();
  } catch {
    return [];
  }
}

/** For so long a run that begins may have a folder and no record in it. Milliseconds. */
const BEGINNING = 60_000;

function isBeginning(folder: string): boolean {
  const changed = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
  return changed === undefined || (!existsSync(join(folder, "run.json")) && changed > Date.now() - BEGINNING);
}

/** Names of run folders that tell nothing: their record is damaged, or its process was killed before there was one. */
export const damagedRuns = (state?: string): string[] =>
  runIds(state).filter((id) => readRecord(id, state) === null && !isBeginning(join(runsFolder(state), id)));

/** Every readable record. */
export const readRuns = (state?: string): RunRecord[] => runIds(state).flatMap((id) => readRecord(id, state) ?? []);
