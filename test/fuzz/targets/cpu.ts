/** Holds this thread on one CPU: values of per-CPU maps depend on where the kernel runs a program. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const allowed = (): string =>
  /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";

function hold(cpus: string): void {
  const { status, stderr } = spawnSync("taskset", ["-pc", cpus, String(process.pid)], { encoding: "utf8" });
  if (status !== 0) throw new Error(`taskset of util-linux cannot hold this process on CPU ${cpus}: ${stderr}`);
}

/** The CPU that `onOneCpu` holds. */
export const heldCpu = (): number => Number.parseInt(allowed(), 10);

/** Runs synchronous work on the first CPU this process may use; the compiler's own processes use them all. */
export function onOneCpu<R>(work: () => R): R {
  const before = allowed();
  hold(String(Number.parseInt(before, 10)));
  try {
    return work();
  } finally {
    hold(before);
  }
}
