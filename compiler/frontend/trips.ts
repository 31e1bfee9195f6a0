/** How often a loop runs at most: a counter, the constant by which every iteration moves it, and the bound it is compared with. */
import { readCell } from "./cells.ts";
import { settleNull } from "./coerce.ts";
import { evaluate } from "./evaluate.ts";
import { Refusal } from "./frames.ts";
import { MAX_TRIPS } from "./loops.ts";
import type { Lowering } from "./lowering.ts";
import type { Cell } from "./scope.ts";
import { assignments, movedByClosure } from "./steady.ts";
import { RANGE } from "./types.ts";
import { ts } from "./typescript.js";
import type { Value } from "./values.ts";

export interface Counter {
  readonly cell: Cell;
  readonly operator: string;
  readonly bound: ts.Expression;
  readonly step: bigint;
  readonly firstBound: readonly [bigint, bigint];
  readonly start: readonly [bigint, bigint];
  /** Of the cell, when start and bound are constants, not only known to have one value here. */
  readonly variable: number | null;
}

/** All conditions that must hold together. */
const conjuncts = (node: ts.Expression): ts.Expression[] =>
  ts.isParenthesizedExpression(node)
    ? conjuncts(node.expression)
    : ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
      ? [...conjuncts(node.left), ...conjuncts(node.right)]
      : [node];

const MIRROR: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "!==": "!==" };

/** Bounds of a value that is a whole number; null otherwise. */
function boundsOf(value: Value, to: Lowering): readonly [bigint, bigint] | null {
  const settled = settleNull(value, to);
  if (settled.kind === "literal")
    return Number.isInteger(Number(settled.value)) ? [BigInt(settled.value), BigInt(settled.value)] : null;
  return settled.kind === "scalar" && settled.type !== "bool" ? to.bounds(settled) : null;
}

/** By how much an expression moves `symbol`; null when it is not a step of it. */
function stepOf(node: ts.Expression, symbol: ts.Symbol, to: Lowering): bigint | null {
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.CommaToken)
    return stepOf(node.left, symbol, to) ?? stepOf(node.right, symbol, to);
  const is = (name: ts.Expression) => ts.isIdentifier(name) && to.module.symbolOf(name) === symbol;
  if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && is(node.operand)) {
    return node.operator === ts.SyntaxKind.PlusPlusToken
      ? 1n
      : node.operator === ts.SyntaxKind.MinusMinusToken
        ? -1n
        : null;
  }
  if (!ts.isBinaryExpression(node) || !is(node.left)) return null;
  const sign =
    node.operatorToken.kind === ts.SyntaxKind.PlusEqualsToken
      ? 1n
      : node.operatorToken.kind === ts.SyntaxKind.MinusEqualsToken
        ? -1n
        : null;
  const by = sign === null ? null : (quietly(node.right, to)?.bounds ?? null);
  return sign === null || by === null || by[0] !== by[1] || by[0] <= 0n ? null : sign * by[0];
}

interface Known {
  readonly bounds: readonly [bigint, bigint] | null;
  /** It is written as a constant: whoever runs the code sees it too. */
  readonly constant: boolean;
}

function known(value: Value, to: Lowering): Known {
  const settled = settleNull(value, to);
  const constant = settled.kind === "literal" || (settled.kind === "scalar" && settled.operand.kind === "constant");
  return { bounds: boundsOf(settled, to), constant };
}

/** What is known of an expression, evaluated where nothing it emits is kept; null where it is refused. */
function quietly(node: ts.Expression, to: Lowering, before: () => void = () => undefined): Known | null {
  let found: Known | null = null;
  try {
    to.nested(() => {
      before();
      found = known(evaluate(node, to), to);
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return found;
}

/** Finds a counter that `steps` (run in every iteration) move, and that nothing else in the body touches. */
export function findCounter(
  condition: ts.Expression,
  steps: readonly ts.Expression[],
  body: ts.Statement,
  to: Lowering,
): Counter | null {
  for (const part of conjuncts(condition)) {
    if (!ts.isBinaryExpression(part)) continue;
    const operator = ts.tokenToString(part.operatorToken.kind) ?? "";
    if (!(operator in MIRROR)) continue;
    const candidates = [
      [part.left, part.right, operator],
      [part.right, part.left, MIRROR[operator] ?? ""],
    ] as const;
    for (const [name, bound, op] of candidates) {
      const counter = ts.isIdentifier(name) ? counterFor(name, bound, op, steps, [condition, body], to) : null;
      if (counter !== null) return counter;
    }
  }
  return null;
}

function counterFor(
  name: ts.Identifier,
  bound: ts.Expression,
  operator: string,
  steps: readonly ts.Expression[],
  [condition, body]: readonly [ts.Expression, ts.Statement],
  to: Lowering,
): Counter | null {
  const symbol = to.module.symbolOf(name);
  const cell = symbol && to.scope.find(symbol);
  if (symbol === undefined || cell === undefined) return null;
  const moves = steps.flatMap((step) => stepOf(step, symbol, to) ?? []);
  const [step] = moves;
  const stepsInBody = steps.filter((node) => isInside(node, body) && stepOf(node, symbol, to) !== null).length;
  if (movedByClosure(symbol, to) || assignments(condition, symbol, to) > 0) return null;
  if (step === undefined || moves.length !== 1 || assignments(body, symbol, to) !== stepsInBody) return null;
  const start = known(readCell(cell, to), to);
  const limit = steady(bound, [condition, ...steps, body], to) ? quietly(bound, to) : inAnyTurn(bound, to);
  if (start.bounds === null || limit === null || limit.bounds === null) return null;
  const { storage } = cell.kind === "mutable" ? cell : { storage: null };
  const variable = start.constant && limit.constant && storage?.kind === "scalar" ? storage.variable : null;
  return { cell, operator, bound, step, firstBound: limit.bounds, start: start.bounds, variable };
}

/** Whether the bound is made of names alone that nothing in the loop assigns: it then is in every turn what it is now. */
function steady(bound: ts.Expression, loop: readonly ts.Node[], to: Lowering): boolean {
  if (ts.isPropertyAccessExpression(bound) || ts.isElementAccessExpression(bound) || ts.isCallExpression(bound))
    return false;
  if (ts.isIdentifier(bound)) {
    const symbol = to.module.symbolOf(bound);
    return (
      symbol === undefined || !(loop.some((node) => assignments(node, symbol, to) > 0) || movedByClosure(symbol, to))
    );
  }
  return ts.forEachChild(bound, (part) => (ts.isExpression(part) && !steady(part, loop, to)) || undefined) !== true;
}

/** What holds whatever earlier turns have left behind. */
const inAnyTurn = (bound: ts.Expression, to: Lowering): Known | null =>
  quietly(bound, to, () => to.forgetForLoop(to.cells));

const isInside = (node: ts.Node, outer: ts.Node): boolean => node.pos >= outer.pos && node.end <= outer.end;

/** Beyond it the counter would wrap, and start anew. */
const rangeOf = (cell: Cell): readonly [bigint, bigint] =>
  RANGE[cell.kind === "mutable" && cell.storage.kind === "scalar" ? cell.storage.type : "u32"];

/** The most iterations there can be, and the counter's bounds within them; null when there is no useful bound. */
export function countTrips(
  { cell, operator, step, start, firstBound }: Counter,
  _to: Lowering,
): { count: number; low: bigint; high: bigint } | null {
  const up = step > 0n;
  const size = up ? step : -step;
  const extra = operator === "<=" || operator === ">=" ? 1n : 0n;
  const right = up
    ? operator === "<" || operator === "<=" || operator === "!=="
    : operator === ">" || operator === ">=" || operator === "!==";
  if (!right || (operator === "!==" && size !== 1n)) return null;
  if (operator === "!==" && (up ? start[1] > firstBound[0] : start[0] < firstBound[1])) return null;
  const distance = up ? firstBound[1] - start[0] + extra : start[1] - firstBound[0] + extra;
  const count = distance <= 0n ? 0n : (distance + size - 1n) / size;
  if (count > BigInt(MAX_TRIPS)) return null;
  const last = up ? firstBound[1] - 1n + extra : firstBound[0] + 1n - extra;
  const exact = start[0] === start[1] && firstBound[0] === firstBound[1];
  const [lowest, highest] = rangeOf(cell);
  const end = exact ? start[0] + count * step : operator === "!==" ? firstBound[up ? 1 : 0] : last + step;
  if (count > 0n && (end < lowest || end > highest)) return null;
  return up
    ? { count: Number(count), low: start[0], high: last > start[0] ? last : start[0] }
    : { count: Number(count), low: last < start[1] ? last : start[1], high: start[1] };
}
