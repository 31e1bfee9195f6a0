/**
 * `node scripts/summarize-tests.mjs RESULTS.json BROKEN`: reads vitest's JSON report and closes the run with one line,
 * "N passed, N failed, N skipped". A step that broke without a failed test (lint, types, a file that does not load)
 * counts as a failure, so that the line and the exit code always agree.
 */
import { existsSync, readFileSync } from "node:fs";

const [file = "", broken = "0"] = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };

if (existsSync(file)) {
  for (const suite of JSON.parse(readFileSync(file, "utf8")).testResults) {
    const failedBefore = counts.failed;
    for (const test of suite.assertionResults) {
      if (test.status === "passed") counts.passed += 1;
      else if (test.status === "failed") counts.failed += 1;
      else counts.skipped += 1;
    }
    if (suite.status === "failed" && counts.failed === failedBefore) counts.failed += 1;
  }
}
if (counts.failed === 0) counts.failed = Number(broken);
if (counts.passed === 0 && counts.failed === 0) counts.failed = 1;

console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 && Number(broken) === 0 ? 0 : 1;
