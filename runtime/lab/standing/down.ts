/** Takes a lab of the command down, whole or in parts, whatever has become of its processes. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { labError } from "../command.ts";
import { noLab, processStays } from "../problems.ts";
import { tearDown } from "../teardown.ts";
import { locked } from "./lock.ts";
import { isThere, namespacesOf, type StandingPlace } from "./place.ts";

/** Milliseconds until what was killed must be gone. */
const PATIENCE = 10_000;

const processesIn = (namespace: string): readonly number[] =>
  (spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).stdout ?? "")
    .split("\n")
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid);

/** A process that ended, and whose parent has not taken notice, holds nothing any more. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

export interface TakenDown {
  readonly namespaces: readonly string[];
  readonly processes: readonly number[];
}

/** For who holds the lock. @throws ZetaError: ZT7016 when a process cannot be ended. */
export async function removeAll(place: StandingPlace): Promise<TakenDown> {
  const namespaces = namespacesOf(place);
  const processes = namespaces.flatMap(processesIn);
  tearDown(namespaces, existsSync(place.folder) ? place.folder : null);
  // An object that a cable's end was given lies here for a moment.
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(`${place.run}-`)))
    rmSync(join(tmpdir(), name), { force: true });
  for (const deadline = Date.now() + PATIENCE; ; await pause(5)) {
    const left = processes.filter(isAlive);
    if (left.length === 0) return { namespaces, processes };
    if (Date.now() > deadline) throw labError(processStays(null, left));
  }
}

/** @throws ZetaError: ZT7011, ZT7013, ZT7016. */
export function takeDown(place: StandingPlace): Promise<TakenDown> {
  return locked(place, async () => {
    if (!isThere(place)) throw labError(noLab(null, place.folder));
    return removeAll(place);
  });
}
