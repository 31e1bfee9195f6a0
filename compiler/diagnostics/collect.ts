/** Brings the problems of one run into the order in which a person reads them, each told once. */
import type { Problem, Span } from "./problem.ts";

/** Problems without a place come first: they usually explain the rest (no LLVM, no such file). */
function comparePlaces(a: Span | null, b: Span | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column || a.endLine - b.endLine || a.endColumn - b.endColumn;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const placeKey = (at: Span | null): string =>
  at === null ? "" : `${at.file}:${at.line}:${at.column}:${at.endLine}:${at.endColumn}`;

/**
 * Sorted by file, line, column, then code; a problem with the same code, place and message as another is dropped
 * (a function that is inlined twice is analysed twice, and says the same thing twice).
 */
export function collectProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map<string, Problem>();
  for (const problem of problems) {
    const key = `${problem.code}\0${placeKey(problem.at)}\0${problem.message}`;
    if (!unique.has(key)) unique.set(key, problem);
  }
  return [...unique.values()].sort(
    (a, b) => comparePlaces(a.at, b.at) || compareText(a.code, b.code) || compareText(a.message, b.message),
  );
}

/** How many of each severity; the closing line of a report. */
export function countProblems(problems: readonly Problem[]): { readonly errors: number; readonly warnings: number } {
  const errors = problems.filter((problem) => problem.severity === "error").length;
  return { errors, warnings: problems.length - errors };
}
