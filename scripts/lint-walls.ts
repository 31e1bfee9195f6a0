/** `npm run lint`: holds the walls between folders (see scripts/lint/walls.ts), and keeps C and LLVM text out of the product. */
import { readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { repositoryFiles } from "./lint/files.ts";
import { importsOf } from "./lint/imports.ts";
import { type Finding, report } from "./lint/report.ts";
import { resolveSubpath, walls } from "./lint/walls.ts";

const files = repositoryFiles();
const findings: Finding[] = [];

for (const file of files.filter((one) => /\.(c|h|ll|bc|o)$/.test(one) && !/^(bench|test)\//.test(one))) {
  findings.push({
    file,
    line: 1,
    text: "C, LLVM text and objects stand only in bench/ and test/: the product is TypeScript",
  });
}

for (const file of files.filter((one) => /\.(ts|mts|cts|js|mjs|cjs)$/.test(one) && !one.includes("/fixtures/"))) {
  const standing = walls.filter((wall) => wall.covers(file));
  if (standing.length === 0) continue;
  for (const one of importsOf(file, readFileSync(file, "utf8"))) {
    const target = one.specifier.startsWith(".")
      ? posix.join(dirname(file), one.specifier)
      : resolveSubpath(one.specifier);
    for (const wall of standing) {
      const why = wall.forbids(target, one);
      if (why !== null)
        findings.push({ file, line: one.line, text: `imports '${one.specifier}': ${why} (${wall.name})` });
    }
  }
}

report("folder walls", findings);
