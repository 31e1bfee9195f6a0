/** The benchmark's arithmetic and its report. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { CHAINS, clusterCases, HOPS, newFlow } from "../../bench/cases/cluster.ts";
import { net, spread } from "../../bench/measure/statistics.ts";
import { readOptions } from "../../bench/options.ts";
import type { AnyRow, Row } from "../../bench/report/row.ts";
import { table } from "../../bench/report/table.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";

describe("rounds", () => {
  test("are told by their least and their middle", () => {
    expect(spread([5, 1, 9])).toEqual({ min: 1, median: 5 });
    expect(spread([4, 1, 9, 6])).toEqual({ min: 1, median: 5 });
  });

  test("are net of the wrapper: least from least, middle from middle", () => {
    expect(net({ min: 40.26, median: 60 }, { min: 30, median: 45.5 })).toEqual({ min: 10.3, median: 14.5 });
  });
});

describe("options", () => {
  test("have defaults that measure long enough", () => {
    expect(readOptions([])).toEqual({ json: false, only: null, rounds: 20, repeats: 1_000_000, cpu: null });
  });

  test("are read", () => {
    const told = ["--json", "--only", "acl", "--rounds", "3", "--repeats", "10", "--cpu", "1"];
    expect(readOptions(told)).toEqual({ json: true, only: "acl", rounds: 3, repeats: 10, cpu: 1 });
  });

  test("are refused when they make no sense", () => {
    expect(() => readOptions(["--rounds", "0"])).toThrow("--rounds takes a whole number from 1 on");
    expect(() => readOptions(["--quick"])).toThrow("--quick");
  });
});

const row: Row = {
  name: "parse and count",
  ns: { min: 2.5, median: 3 },
  rival: "C",
  rivalNs: { min: 2.4, median: 2.9 },
  ratio: 1.04,
  instructions: 99,
  rivalInstructions: 63,
  instructionsOf: "xlated",
  way: { instructions: 45, calls: 2 },
  rivalWay: null,
  flows: 1,
  pattern: "TCP",
  frameBytes: 64,
  wrapperNs: { min: 30, median: 31 },
};

test("the table for people: numbers under each other, builds in words", () => {
  const text = table([
    row,
    { ...row, name: "acl", ns: { min: 92.1, median: 100 } },
    { name: "zeta build, acl, cold", milliseconds: { min: 1200, median: 1300 }, target: 1500 },
  ]);
  expect(text.split("\n")).toEqual([
    "                 ns min  median  C min  median  ratio  instr.   C     way  C  flows  pattern",
    "parse and count     2.5     3.0    2.4     2.9   1.04      99  63  45 (2)  -      1  TCP",
    "acl                92.1   100.0    2.4     2.9   1.04      99  63  45 (2)  -      1  TCP",
    "zeta build, acl, cold: 1200 ms at least, 1300 ms in the middle (target 1500 ms)",
  ]);
});

test("a new flow: its walk, and the sum of its hops", () => {
  const text = table([
    {
      name: "a new flow",
      newFlowNs: { min: 4000, median: 4100 },
      walkNs: { min: 4100, median: 4300 },
      aloneNs: { min: 4500, median: 4600 },
      walkRatio: 1.03,
      perSecond: 243_902,
      hops: 3,
      headerBytes: 506,
    },
  ]);
  expect(text).toBe(
    "a new flow: 4100 ns at least, 4300 in the middle, in 3 hops, 1.03 of their sum (4000, 4100), one by one 4500; 243902 a second and core; 506 bytes of operations",
  );
});

test("rows of a cluster are told apart by their names", () => {
  const names = [...clusterCases.map(({ name }) => name), ...HOPS.map(([name]) => name), ...CHAINS.map(newFlow)];
  expect(new Set(names).size).toBe(names.length);
});

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;

test.skipIf(reason !== "")(`one row as JSON, measured for real${reason}`, async () => {
  const main = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
  const told = ["--json", "--only", "parse and count, tagged", "--rounds", "2", "--repeats", "20000"];
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...told]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as AnyRow);
  expect(rows).toHaveLength(1);
  const [measured] = rows as [Row];
  expect(Object.keys(measured).sort()).toEqual(Object.keys(row).sort());
  expect(measured.instructions).toBeGreaterThan(0);
  expect(measured.rivalInstructions).toBeGreaterThan(0);
  // Shorter than the program, which has other ways too; the same that was executed, or measuring would have failed.
  for (const way of [measured.way, measured.rivalWay]) {
    expect(way?.instructions).toBeGreaterThan(20);
    expect(way?.instructions).toBeLessThan(measured.instructions);
    expect(way?.calls).toBeGreaterThan(0);
  }
  expect(measured.wrapperNs.min).toBeGreaterThan(0);
});
