/** Logic and comparisons whose outcome is known. Arithmetic is left to the front end, which does it, and to LLVM. */
import type { CompareOperator, Constant, Op, Operand } from "../ir/ir.ts";

const truth = (value: boolean): Constant => ({ kind: "constant", type: "bool", value: value ? 1n : 0n });
export const TRUE = truth(true);
export const FALSE = truth(false);

const COMPARE: Readonly<Record<CompareOperator, (a: bigint, b: bigint) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

/** `x and true`, `x or false` and their like: one side decides, or leaves it to the other. */
function logic(operator: "and" | "or", a: Operand, b: Operand): Operand | null {
  const deciding = operator === "and" ? 0n : 1n;
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    if (one.kind === "constant") return one.value === deciding ? one : other;
  return null;
}

/** What the operation gives, as an operand that is there already; null when that is not known. */
export function folded(op: Op): Operand | null {
  switch (op.op) {
    case "not":
      return op.a.kind === "constant" ? truth(op.a.value === 0n) : null;
    case "compare":
      if (op.a.kind !== "constant" || op.b.kind !== "constant") return null;
      return truth(COMPARE[op.operator](op.a.value, op.b.value));
    case "binary":
      return op.type === "bool" && (op.operator === "and" || op.operator === "or")
        ? logic(op.operator, op.a, op.b)
        : null;
    case "select":
      return op.condition.kind === "constant" ? (op.condition.value === 0n ? op.b : op.a) : null;
    case "isNull":
      return op.a.kind === "null" ? TRUE : null;
    default:
      return null;
  }
}
