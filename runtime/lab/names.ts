/**
 * A lab's names say whose they are: `zeta-<pid>-<start>-<name>`, where the process's start time (clock ticks since boot)
 * tells a living owner from another process that got the same number later. So what a killed run left behind can be
 * found and told from a lab in use without any file of state.
 */
import { readFileSync } from "node:fs";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { badLabName } from "./problems.ts";

const pattern = /^zeta-(\d+)-([0-9a-z]+)-/;
let labs = 0;

/** The prefix of a new lab's names; one process may have several labs. */
export function newRun(): string {
  labs += 1;
  return `zeta-${process.pid}-${startTime(process.pid)}x${labs}`;
}

/** Whether `name` belongs to a lab whose process is gone. */
export function isStale(name: string): boolean {
  const [, pid, run] = pattern.exec(name) ?? [];
  if (pid === undefined || run === undefined) return false;
  return startTime(Number(pid)) !== run.split("x")[0];
}

/** Field 22 of /proc/PID/stat in base 32, whose digits end before the "x" of `newRun`; null when there is no such process. The name field may hold spaces. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return Number(ticks).toString(32);
  } catch {
    return null;
  }
}

export function checkName(kind: string, name: string): string {
  if (!/^[a-z][a-z0-9-]{0,14}$/.test(name)) throw new ZetaError([badLabName(null, kind, name)]);
  return name;
}
