/** What a loop leaves alone: names that neither its text nor any function it might call assigns. */
import { bare } from "./bare.ts";
import type { Lowering } from "./lowering.ts";
import type { MutableCell, Storage } from "./scope.ts";
import { ts } from "./typescript.js";

/** What an expression assigns, if it is an assignment. */
export function assignedPlace(node: ts.Node): ts.Node | null {
  const target =
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
      ? node.left
      : (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
          (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)
        ? node.operand
        : null;
  return target === null ? null : bare(target);
}

/** The name that an expression assigns, if it is an assignment to a name. */
function assignedName(node: ts.Node): ts.Identifier | null {
  const place = assignedPlace(node);
  return place !== null && ts.isIdentifier(place) ? place : null;
}

/** How often each name is assigned in a piece of the source. */
function assignmentsIn(node: ts.Node, to: Lowering): ReadonlyMap<ts.Symbol, number> {
  const counts = new Map<ts.Symbol, number>();
  const visit = (child: ts.Node): void => {
    const name = assignedName(child);
    const symbol = name === null ? undefined : to.module.symbolOf(name);
    if (symbol !== undefined) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return counts;
}

export const assignments = (node: ts.Node, symbol: ts.Symbol, to: Lowering): number =>
  assignmentsIn(node, to).get(symbol) ?? 0;

/** By the function that declares them: the names that functions inside it assign. A checker has its own symbols. */
const movedIn = new WeakMap<ts.TypeChecker, Map<ts.Node, ReadonlySet<ts.Symbol>>>();

function movedByInner(home: ts.Node, to: Lowering): ReadonlySet<ts.Symbol> {
  const { checker } = to.module;
  const homes = movedIn.get(checker) ?? new Map<ts.Node, ReadonlySet<ts.Symbol>>();
  movedIn.set(checker, homes);
  const known = homes.get(home);
  if (known !== undefined) return known;
  const moved = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) for (const symbol of assignmentsIn(node, to).keys()) moved.add(symbol);
    else ts.forEachChild(node, visit);
  };
  ts.forEachChild(home, visit);
  homes.set(home, moved);
  return moved;
}

/** Whether a function inside the one that declares the name assigns it: where that is called is not followed. */
export function movedByClosure(symbol: ts.Symbol, to: Lowering): boolean {
  const { valueDeclaration } = symbol;
  const home = valueDeclaration && ts.findAncestor(valueDeclaration, ts.isFunctionLike);
  return home !== undefined && movedByInner(home, to).has(symbol);
}

/** Cursors and objects change without being assigned. */
function holdsStill(storage: Storage): boolean {
  if (storage.kind === "nullable") return holdsStill(storage.inner);
  return storage.kind === "scalar" || storage.kind === "view" || storage.kind === "map";
}

/** The variables in sight that hold in every turn of a loop what they hold before it. */
export function steadyCells(loop: ts.Node, to: Lowering): ReadonlySet<MutableCell> {
  const assigned = assignmentsIn(loop, to);
  const steady = new Set<MutableCell>();
  for (const [symbol, cell] of to.scope.visible()) {
    if (cell.kind === "mutable" && holdsStill(cell.storage) && !assigned.has(symbol) && !movedByClosure(symbol, to))
      steady.add(cell);
  }
  return steady;
}
