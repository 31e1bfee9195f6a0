/**
 * What a function value holds on to. A function made on one of several paths may be called after they meet only when all
 * it uses was there before they parted: values made inside mean nothing outside.
 */
import type { Operand } from "../ir/ir.ts";
import type { Lowering } from "./lowering.ts";
import { escapingClosure } from "./problems.ts";
import { ts } from "./typescript.js";
import type { FunctionValue, Value } from "./values.ts";

const isInner = (operand: Operand | null, floor: number): boolean => operand?.kind === "temp" && operand.id >= floor;

/** Whether a value is made of temps from `floor` on. */
function holdsInner(value: Value, floor: number, to: Lowering, seen: Set<unknown>): boolean {
  if (seen.has(value)) return false;
  seen.add(value);
  switch (value.kind) {
    case "scalar":
      return isInner(value.operand, floor);
    case "view":
      return isInner(value.place, floor);
    case "map":
      return isInner(value.inner, floor);
    case "nullable":
      return isInner(value.present, floor) || holdsInner(value.value, floor, to, seen);
    case "list":
      return value.items.some((item) => holdsInner(item, floor, to, seen));
    case "function":
      return capturesInner(value, floor, to, seen);
    case "object":
      return [...value.fields.values()].some((property) =>
        property.kind === "cell"
          ? property.cell.kind === "fixed" && holdsInner(property.cell.value, floor, to, seen)
          : [property.get, property.set].some((fn) => fn !== null && capturesInner(fn, floor, to, seen)),
      );
    default:
      return false;
  }
}

/** The `b` of `a.b` and of `{ b: … }` names no variable. */
const isMemberName = (node: ts.Identifier): boolean =>
  (ts.isPropertyAccessExpression(node.parent) || ts.isPropertyAssignment(node.parent)) && node.parent.name === node;

function capturesInner(fn: FunctionValue, floor: number, to: Lowering, seen: Set<unknown>): boolean {
  let inner = false;
  const visit = (node: ts.Node): void => {
    if (inner) return;
    if (ts.isIdentifier(node) && !isMemberName(node)) {
      const symbol = to.module.symbolOf(node);
      const cell = symbol && fn.scope.find(symbol);
      if (cell?.kind === "fixed" && holdsInner(cell.value, floor, to, seen)) inner = true;
    }
    ts.forEachChild(node, visit);
  };
  visit(fn.declaration);
  return inner;
}

/** Refuses a function that would be called where what it uses no longer is. */
export function checkCaptured(fn: FunctionValue, floor: number, node: ts.Node, to: Lowering): void {
  if (capturesInner(fn, floor, to, new Set())) to.refuse((at) => escapingClosure(at), node);
}
