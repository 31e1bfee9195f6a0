/** Problems as JSON. The names and order of the properties are a promise: scripts read them. */
import { collectProblems } from "./collect.ts";
import type { Problem, Span } from "./problem.ts";

export interface SpanJson {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface ProblemJson {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly fix: string;
  readonly at: SpanJson | null;
  readonly notes: readonly { readonly message: string; readonly at: SpanJson | null }[];
  readonly detail: string | null;
}

const spanJson = (at: Span | null): SpanJson | null =>
  at === null
    ? null
    : { file: at.file, line: at.line, column: at.column, endLine: at.endLine, endColumn: at.endColumn };

/** Sorted, deduplicated, and with exactly the documented properties whatever a problem carries besides. */
export const problemsAsJson = (problems: readonly Problem[]): ProblemJson[] =>
  collectProblems(problems).map(({ code, severity, message, fix, at, notes, detail }) => ({
    code,
    severity,
    message,
    fix,
    at: spanJson(at),
    notes: notes.map((note) => ({ message: note.message, at: spanJson(note.at) })),
    detail,
  }));
