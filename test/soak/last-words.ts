/** What a process says when it is told to end. */
import { setTimeout as pause } from "node:timers/promises";
import type { LabProcess } from "../../runtime/lab/index.ts";

/** Milliseconds until what it has said must have come: it has ended by then. */
const PATIENCE = 10_000;

/** Ends it by a signal. @returns the groups of `pattern`, in what it said */
export async function lastWords(
  process: LabProcess,
  signal: NodeJS.Signals,
  pattern: RegExp,
): Promise<readonly string[]> {
  process.signal(signal);
  await process.ended;
  for (const deadline = Date.now() + PATIENCE; ; await pause(5)) {
    const found = pattern.exec(process.output());
    if (found !== null) return found.slice(1);
    if (Date.now() > deadline) throw new Error(`It ended without saying ${pattern}: ${process.output()}`);
  }
}
