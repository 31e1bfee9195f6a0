/**
 * A problem is what Zeta tells a person: a code that never changes its meaning, the place, the reason and the remedy.
 * A user's mistake is reported as a Problem; exceptions are for our own bugs.
 */

/** 1-based line and column; the end is exclusive. `file` is a path as the user gave or would write it. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface Problem {
  /** "ZT1001": written by hand, never renumbered, explained in docs/errors/ZT1001.md. */
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** How to write it instead, or what to do. One sentence or two. */
  readonly fix: string;
  /** Null when the problem has no place in a source file. */
  readonly at: Span | null;
  /** Other places that explain it: "first declared here". */
  readonly notes: readonly { readonly message: string; readonly at: Span | null }[];
  /** Long material shown on request: the verifier's log, LLVM's output. */
  readonly detail: string | null;
}

export type ProblemText = { readonly message: string; readonly fix: string };

export interface ProblemKind<A extends readonly unknown[]> {
  readonly code: string;
  (at: Span | null, ...parts: A): Problem;
}

/** Declares a kind of problem: `const unboundedLoop = problem("ZT2001", (keyword: string) => ({ message, fix }))`. */
export function problem<A extends readonly unknown[]>(
  code: string,
  text: (...parts: A) => ProblemText,
  severity: "error" | "warning" = "error",
): ProblemKind<A> {
  const make = (at: Span | null, ...parts: A): Problem => ({
    code,
    severity,
    ...text(...parts),
    at,
    notes: [],
    detail: null,
  });
  return Object.assign(make, { code });
}

/** An exception that carries problems across an API that throws (loader, CLI). `cause` keeps what lies beneath. */
export class ZetaError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map((p) => `${p.code}: ${p.message} ${p.fix}`).join("\n"), options);
    this.name = "ZetaError";
    this.problems = problems;
  }
  get code(): string {
    return this.problems[0]?.code ?? "ZT0000";
  }
}
