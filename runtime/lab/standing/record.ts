/** What a lab of the command is made of, for the commands that come after the one that built it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyRing } from "../../cluster/keys.ts";
import type { View } from "../../cluster/view.ts";
import type { NodeRole } from "../../node/bundle.ts";
import type { Spread } from "../cluster/topology.ts";
import { labError } from "../command.ts";
import { labUnfinished, noLab } from "../problems.ts";
import { isThere, type StandingPlace } from "./place.ts";

/** Where frames of an interface are seen from: the far end of its cable. What XDP takes, no capture at its own end sees. */
export interface Tap {
  readonly namespace: string;
  readonly interface: string;
}

export interface HostRecord {
  readonly name: string;
  readonly kind: "router" | "wire" | "client" | "server" | "tenant";
  readonly addresses: readonly string[];
  /** Of a tenant's host: its network. */
  readonly vni?: number;
}

export interface MemberRecord {
  readonly name: string;
  readonly kind: Exclude<NodeRole, "single">;
  /** Its number in the cluster. */
  readonly id: number;
  /** On the wire, IPv4. */
  readonly address: string;
  /** Its MAC address there. */
  readonly mac: string;
  /** Lines of `ip -batch` that bring back what it has lost when its interfaces were set down. */
  readonly restore: readonly string[];
  /** Its agent. */
  readonly pid: number;
  /** Clock ticks since boot at which that began. */
  readonly startTime: number;
  readonly taps: Readonly<Record<string, Tap>>;
}

export interface LabRecord {
  readonly format: 1;
  /** ISO 8601. */
  readonly built: string;
  /** The file that it was built from. */
  readonly config: string;
  readonly spread: Spread;
  readonly hosts: readonly HostRecord[];
  readonly members: readonly MemberRecord[];
  readonly services: readonly string[];
  readonly view: View;
  /** Of each chain that has begun anew: when it decides again at the latest, in milliseconds since 1970. None unless told. */
  readonly anew?: Readonly<Record<number, number>>;
  /** Of its operations: as far as they have been told to members. */
  readonly keys: KeyRing;
}

const fileOf = ({ folder }: StandingPlace): string => join(folder, "lab.json");

/** Written beside and renamed. It is there once all of the lab is. */
export function writeRecord(place: StandingPlace, record: LabRecord): void {
  const draft = `${fileOf(place)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  renameSync(draft, fileOf(place));
}

/** Null where there is none that can be read. */
export function findRecord(place: StandingPlace): LabRecord | null {
  if (!existsSync(fileOf(place))) return null;
  try {
    const record = JSON.parse(readFileSync(fileOf(place), "utf8")) as LabRecord;
    return record.format === 1 ? record : null;
  } catch {
    return null;
  }
}

export interface LabSummary {
  readonly folder: string;
  /** False for what a killed `zeta lab up` left, and while one is at work. */
  readonly whole: boolean;
  readonly members: number;
}

/** For lists of what there is; null where there is no lab. */
export function summaryOf(place: StandingPlace): LabSummary | null {
  const record = findRecord(place);
  if (record === null && !isThere(place)) return null;
  return { folder: place.folder, whole: record !== null, members: record?.members.length ?? 0 };
}

/** @throws ZetaError: ZT7011 where there is no lab, ZT7012 where there is a part of one. */
export function readRecord(place: StandingPlace): LabRecord {
  const record = findRecord(place);
  if (record !== null) return record;
  throw labError(isThere(place) ? labUnfinished(null, place.folder) : noLab(null, place.folder));
}
