/** Assignment to names, fields, elements. */
import { bare } from "./bare.ts";
import { assignCell, writeField } from "./cells.ts";
import { definite, settleNull, shortText, toCondition } from "./coerce.ts";
import { refuseDeclaration } from "./declarations.ts";
import { evaluate } from "./evaluate.ts";
import { indexOf, memberOf, refuseIndex } from "./expressions/access.ts";
import { cellOf } from "./foreign.ts";
import type { Lowering } from "./lowering.ts";
import { writeAt, writeMember } from "./memory.ts";
import { arithmetic } from "./operators.ts";
import { indexOutOfRange, readOnly, unknownName, unsupportedSyntax } from "./problems.ts";
import { ts } from "./typescript.js";
import { describe, presence, type Value } from "./values.ts";

/** A place that can be read and written, its parts evaluated once. */
interface Target {
  readonly read: () => Value;
  readonly write: (value: Value) => void;
}

function nameTarget(node: ts.Identifier, to: Lowering): Target {
  const symbol = to.module.symbolOf(node);
  const cell = symbol && cellOf(symbol, node, to);
  if (symbol === undefined) return to.refuse((at) => unknownName(at, node.text), node);
  if (cell === undefined) {
    const { valueDeclaration } = symbol;
    if (valueDeclaration !== undefined) refuseDeclaration(valueDeclaration, node.text, node, to);
    return to.refuse((at) => readOnly(at, `'${node.text}'`), node);
  }
  return { read: () => evaluate(node, to), write: (value) => assignCell(cell, value, node, to) };
}

function memberTarget(base: Value, name: string, node: ts.Node, to: Lowering): Target {
  const read = () => memberOf(base, name, node, to);
  if (base.kind === "view") return { read, write: (value) => writeMember(base, name, value, node, to) };
  if (base.kind === "object") return { read, write: (value) => writeField(base, name, value, node, to) };
  if (base.kind === "declared" && base.write !== undefined) {
    const { write } = base;
    return {
      read,
      write: (value) => {
        if (!write(name, value, node, to)) to.refuse((at) => readOnly(at, `'${name}'`), node);
      },
    };
  }
  return to.refuse((at) => readOnly(at, `'${name}' of ${describe(base)}`), node);
}

function elementTarget(base: Value, index: Value, node: ts.ElementAccessExpression, to: Lowering): Target {
  if (base.kind === "object" && (index.kind === "string" || index.kind === "literal"))
    return to.refuse((at) => unsupportedSyntax(at, "Assigning to a property by its text"), node);
  if (index.kind === "string" && base.kind === "view") return memberTarget(base, index.value, node, to);
  if (base.kind === "list") return to.refuse((at) => readOnly(at, "An item of a list", "list"), node);
  if (base.kind !== "view" || base.layout.kind !== "array") return refuseIndex(base, node, to);
  const read = () => indexOf(base, index, node, to);
  const { of, length } = base.layout;
  const place = node.argumentExpression;
  return {
    read,
    write(value) {
      if (base.readOnly) to.refuse((at) => readOnly(at, "This array"), node);
      // Asking for the element as a view of one, so that the write goes where the read would.
      const whole = {
        ...base,
        layout: {
          ...base.layout,
          of: { kind: "struct", fields: [{ name: "item", offset: 0, layout: of }], size: of.size, align: of.align },
          length,
        } as const,
      };
      const item = indexOf(whole, index, node, to);
      if (item.kind === "nullable") to.refuse((at) => indexOutOfRange(at, shortText(place), length, false), place);
      if (item.kind === "view") writeAt(item, of, item.offset, value, node, to);
    },
  };
}

function targetOf(clothed: ts.Expression, to: Lowering): Target {
  const node = bare(clothed);
  if (ts.isIdentifier(node)) return nameTarget(node, to);
  if (ts.isPropertyAccessExpression(node))
    return memberTarget(definite(evaluate(node.expression, to), node.expression, to), node.name.text, node, to);
  if (ts.isElementAccessExpression(node)) {
    const base = definite(evaluate(node.expression, to), node.expression, to);
    return elementTarget(base, evaluate(node.argumentExpression, to), node, to);
  }
  return to.refuse((at) => unsupportedSyntax(at, "Assigning to this"), node);
}

export function assign(left: ts.Expression, right: () => Value, node: ts.Node, to: Lowering): Value {
  const target = targetOf(left, to);
  const value = right();
  to.at(node);
  target.write(value);
  return value;
}

export function compoundAssign(
  operator: string,
  left: ts.Expression,
  right: ts.Expression,
  node: ts.Node,
  to: Lowering,
): Value {
  const target = targetOf(left, to);
  const old = target.read();
  const value = evaluate(right, to);
  to.at(node);
  const next = arithmetic(operator, old, value, node, to);
  target.write(next);
  return next;
}

/** `a ??= b`, `a &&= b`, `a ||= b`: the right side runs, and is stored, only where the left asks for it. */
export function logicalAssign(
  operator: LogicalOperator,
  left: ts.Expression,
  right: ts.Expression,
  node: ts.Node,
  to: Lowering,
): Value {
  const target = targetOf(left, to);
  const old = settleNull(target.read(), to);
  const store = () => {
    const value = evaluate(right, to);
    to.at(node);
    target.write(value);
  };
  const nothing = () => undefined;
  if (operator === "??") {
    if (old.kind === "null") store();
    else if (old.kind === "nullable") to.branch(old.present, presence(old), nothing, store);
  } else {
    const condition = toCondition(old, left, to);
    if (operator === "&&") to.branch(condition.operand, condition.facts, store, nothing);
    else to.branch(condition.operand, condition.facts, nothing, store);
  }
  return target.read();
}

export type LogicalOperator = "??" | "&&" | "||";

/** Reads, changes and writes; gives the old and the new value. */
export function update(
  left: ts.Expression,
  change: (old: Value) => Value,
  to: Lowering,
): { readonly old: Value; readonly next: Value } {
  const target = targetOf(left, to);
  const old = target.read();
  const next = change(old);
  target.write(next);
  return { old, next };
}
