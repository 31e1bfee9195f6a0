/** Calls being inlined, and what statements can jump out of. */
import type { Problem } from "../diagnostics/problem.ts";
import type { Hole } from "./drafts.ts";
import type { Scope } from "./scope.ts";
import type { ts } from "./typescript.js";
import type { ScalarType, Value } from "./values.ts";

/** Thrown to leave a statement whose problem has been reported (or, with null, was reported earlier). */
export class Refusal extends Error {
  readonly problem: Problem | null;
  constructor(problem: Problem | null) {
    super(problem?.message ?? "poisoned");
    this.problem = problem;
  }
}

/** One way out of an inlined function, with the hole where its value can still be stored. */
export interface Exit {
  readonly value: Value;
  readonly hole: Hole;
}

/** A call that is being inlined. */
export interface Frame {
  readonly name: string;
  readonly declaration: ts.FunctionLikeDeclaration;
  /** What it captures. */
  readonly around: Scope;
  /** Where it was called. */
  readonly call: ts.Node;
  readonly label: number;
  readonly exits: Exit[];
  readonly result: ScalarType | null;
  /** Depth of callbacks at which the frame was entered: a return must not cross one. */
  readonly callbacks: number;
}

export interface Jump {
  readonly label: string | null;
  readonly breakTo: number;
  readonly continueTo: number | null;
  readonly callbacks: number;
  /** Whether a break out of it was lowered. */
  broken: boolean;
  continued: boolean;
}

/** What the hook being compiled may do: `decide` and `holds` are pure. */
export interface Purity {
  readonly hook: string;
}
