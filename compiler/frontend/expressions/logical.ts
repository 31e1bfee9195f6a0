/** `a && b`, `a || b`: as conditions, where only the truth counts, and as values, where they are one of their sides. */
import type { LogicalOperator } from "../assignment.ts";
import { settleNull, toCondition } from "../coerce.ts";
import { evaluate, evaluateCondition } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { choose } from "../optional.ts";
import { scalarConstant } from "../types.ts";
import type { ts } from "../typescript.js";
import type { Fact, ScalarValue, Value } from "../values.ts";

type Connective = Exclude<LogicalOperator, "??">;

const isBoolean = (value: Value): value is ScalarValue => value.kind === "scalar" && value.type === "bool";

const strip = (value: ScalarValue): ScalarValue => {
  const { facts: _, ...rest } = value;
  return rest;
};

/** What both sides show together: of `a && b` when it is true, of `a || b` when it is false. */
function withFacts(operator: Connective, value: ScalarValue, left: ScalarValue, learned: readonly Fact[]): ScalarValue {
  const facts = operator === "&&" ? left.facts?.whenTrue : left.facts?.whenFalse;
  const both = [...(facts ?? []), ...learned];
  return { ...value, facts: operator === "&&" ? { whenTrue: both, whenFalse: [] } : { whenTrue: [], whenFalse: both } };
}

/**
 * The right side is evaluated only where the left leaves the question open. `settled` is what stands where it does not;
 * `right` evaluates the other side, and what that shows counts where it is a boolean.
 */
function either(
  operator: Connective,
  node: ts.BinaryExpression,
  left: ScalarValue,
  settled: () => Value,
  right: () => Value,
  to: Lowering,
): Value {
  let learned: readonly Fact[] = [];
  const open = (): Value => {
    const value = right();
    if (!isBoolean(value)) return value;
    learned = (operator === "&&" ? value.facts?.whenTrue : value.facts?.whenFalse) ?? [];
    return strip(value);
  };
  const [then, otherwise] = operator === "&&" ? [open, settled] : [settled, open];
  const value = choose(left.operand, left.facts, then, otherwise, operator === "&&" ? "and" : "or", node, to);
  return isBoolean(value) ? withFacts(operator, value, left, learned) : value;
}

const isSettled = (operator: Connective, { operand }: ScalarValue): boolean =>
  operand.kind === "constant" && (operand.value !== 0n) === (operator === "||");

/** Whether it is true. */
export function logicalCondition(operator: Connective, node: ts.BinaryExpression, to: Lowering): ScalarValue {
  const left = evaluateCondition(node.left, to);
  if (isSettled(operator, left)) return left;
  if (left.operand.kind === "constant") return evaluateCondition(node.right, to);
  const settled = (): Value => scalarConstant("bool", operator === "||" ? 1n : 0n);
  return either(operator, node, left, settled, () => evaluateCondition(node.right, to), to) as ScalarValue;
}

/** The left side where that settles it, else the right one. */
export function logicalValue(operator: Connective, node: ts.BinaryExpression, to: Lowering): Value {
  const value = evaluate(node.left, to);
  const left = toCondition(value, node.left, to);
  if (isSettled(operator, left)) return value;
  if (left.operand.kind === "constant") return evaluate(node.right, to);
  let isMissing = false;
  const settled = (): Value => {
    if (isBoolean(value)) return scalarConstant("bool", operator === "||" ? 1n : 0n);
    const side = settleNull(value, to);
    isMissing = side.kind === "null";
    return side;
  };
  const made = either(operator, node, left, settled, () => evaluate(node.right, to), to);
  // Where the left is null, so is the whole: one that is there shows that the left is.
  return made.kind === "nullable" && isMissing ? { ...made, implies: left.facts?.whenTrue ?? [] } : made;
}
