/** The clock of `bench:cluster-rate`: the time that one CPU works for this. */
import { describe, expect, test } from "vitest";
import { cpuClock } from "../../bench/rate/cpu-time.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;
/** Microseconds. */
const WORK = 50_000;

describe.skipIf(reason !== "")(`a CPU's clock${reason}`, () => {
  test("counts what this thread works", () => {
    const clock = cpuClock(0);
    const [before, began] = [clock(), process.threadCpuUsage()];
    while (process.threadCpuUsage(began).user < WORK);
    expect(clock() - before).toBeGreaterThanOrEqual(WORK / 1e6);
  });

  test("is refused for a CPU that is not there", () => {
    expect(() => cpuClock(4095)).toThrow("CPU 4095 has no ksoftirqd");
  });
});
