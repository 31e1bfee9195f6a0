/** `npm run lint`: every path that a document names in `code` or a link is there. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { repositoryFiles } from "./lint/files.ts";
import { type Finding, report } from "./lint/report.ts";

const files = repositoryFiles();
const top = new Set(files.map((file) => file.split("/")[0]));
const findings: Finding[] = [];

for (const file of files.filter((one) => one.endsWith(".md") && !one.includes("/fixtures/"))) {
  for (const [index, text] of withoutFences(readFileSync(file, "utf8")).entries()) {
    for (const path of namedPaths(text)) {
      if (!existsSync(path) && !existsSync(posix.join(dirname(file), path)))
        findings.push({ file, line: index + 1, text: `names '${path}', which is not there` });
    }
  }
}

report("paths in documents", findings);

/** Lines with fenced code blanked: examples may name a reader's own files. */
function withoutFences(text: string): readonly string[] {
  let fenced = false;
  return text.split("\n").map((line) => {
    if (line.trimStart().startsWith("```")) fenced = !fenced;
    return fenced ? "" : line;
  });
}

/** Relative link targets, and `code` that starts with a folder of ours or is a file name with a known ending. */
function* namedPaths(line: string): Generator<string> {
  for (const [, target = ""] of line.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) if (!/^[a-z]+:/.test(target)) yield target;
  for (const [, code = ""] of line.matchAll(/`([\w@./-]+)`/g)) {
    const first = code.split("/")[0];
    if (code.includes("/") && first !== undefined && top.has(first)) yield code.replace(/\/$/, "");
  }
}
