/** LLVM's complaints, retold at the author's line. */

import type { Problem, Span } from "../diagnostics/problem.ts";
import type { Module } from "../ir/ir.ts";
import { llvmFailed, stackExceeded, unsupportedByLlvm } from "./problems.ts";

/** `error: path:line:column: in function NAME …: reason`, as llc prints it. */
const COMPLAINT =
  /^(?:error: )?(?:(?<file>[^\n:]+):(?<line>\d+):(?<column>\d+): )?in function (?<name>[^\s]+) [^:\n]*: (?<reason>[^\n]+)/gm;

const STACK = /stack limit|stack.*exceed/i;

function placeOf(groups: Readonly<Record<string, string | undefined>>): Span | null {
  const { file, line, column } = groups;
  const at = Number(line ?? 0);
  if (file === undefined || at === 0) return null;
  const from = Math.max(1, Number(column ?? 1));
  return { file, line: at, column: from, endLine: at, endColumn: from + 1 };
}

/** Where a function of the module begins; null for one that LLVM made. */
function beginningOf(module: Module, name: string): Span | null {
  const found = [...module.programs, ...module.functions].find(
    (one) => one.name === name || new RegExp(`^${one.name}_(repeat|drain)\\d+$`).test(name),
  );
  if (found === undefined) return null;
  const { file, line, column } = found.at;
  return { file: module.files[file]?.path ?? "", line, column, endLine: line, endColumn: column + 1 };
}

/** Problems in what a tool printed; never empty. */
export function problemsOf(module: Module, tool: string, output: string): readonly Problem[] {
  const problems = new Map<string, Problem>();
  for (const match of output.matchAll(COMPLAINT)) {
    const groups = match.groups ?? {};
    const name = groups.name ?? "";
    const reason = groups.reason ?? "";
    const at = placeOf(groups) ?? beginningOf(module, name);
    const stack = STACK.test(reason);
    const told = stack ? stackExceeded(at, name) : unsupportedByLlvm(at, reason);
    // One function over the limit is one problem, however many of its slots are over it.
    const key = stack ? name : `${name} ${reason}`;
    if (!problems.has(key)) problems.set(key, { ...told, detail: output });
  }
  if (problems.size > 0) return [...problems.values()];
  const reason = output.split("\n").find((line) => line.trim() !== "") ?? "it printed nothing";
  return [{ ...llvmFailed(null, tool, reason), detail: output }];
}
