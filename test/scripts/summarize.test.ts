import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

/** What the last line and the exit code say of a report with these test files, after `broken` other steps failed. */
function summarize(report: unknown, broken = 0) {
  const folder = mkdtempSync(join(tmpdir(), "zeta-summary-"));
  try {
    const file = join(folder, "results.json");
    if (report !== null) writeFileSync(file, JSON.stringify({ testResults: report }));
    const script = ["scripts/summarize-tests.mjs", file, `${broken}`];
    const { stdout, status } = spawnSync(process.execPath, script, { encoding: "utf8" });
    return [stdout, status];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((one) => ({ status: one })),
});

test("tests are counted over all files", () => {
  const report = [file("passed", "passed", "skipped", "todo"), file("passed", "passed")];
  expect(summarize(report)).toEqual(["2 passed, 0 failed, 2 skipped\n", 0]);
});

test("a failed test fails the run", () => {
  expect(summarize([file("failed", "passed", "failed")], 1)).toEqual(["1 passed, 1 failed, 0 skipped\n", 1]);
});

test("a file that does not load counts as a failure", () => {
  expect(summarize([file("passed", "passed"), file("failed")], 1)).toEqual(["1 passed, 1 failed, 0 skipped\n", 1]);
});

test("lint or types that fail show in the counts", () => {
  expect(summarize([file("passed", "passed")], 2)).toEqual(["1 passed, 2 failed, 0 skipped\n", 1]);
});

test.each([null, []])("a run without any test fails", (report) => {
  expect(summarize(report)).toEqual(["0 passed, 1 failed, 0 skipped\n", 1]);
});
