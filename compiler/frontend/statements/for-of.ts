/** `for (const item of ...)`: a fixed array in memory gives a loop, a list known now gives its body once per item. */

import type { Block } from "../../ir/ir.ts";
import { definite } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import type { Jump } from "../frames.ts";
import { lowerLoop } from "../loops.ts";
import type { Lowering } from "../lowering.ts";
import { elementOf } from "../memory.ts";
import { unsupportedSyntax } from "../problems.ts";
import { Scope } from "../scope.ts";
import { constant, scalar } from "../types.ts";
import { ts } from "../typescript.js";
import { describe, type Value } from "../values.ts";
import { declareBinding } from "./bindings.ts";
import { lowerStatement } from "./index.ts";
import { labelOf } from "./jumps.ts";

function bindItem(node: ts.ForOfStatement, item: Value, to: Lowering): void {
  const { initializer } = node;
  const [declaration] = ts.isVariableDeclarationList(initializer) ? initializer.declarations : [];
  if (declaration === undefined)
    return to.refuse((at) => unsupportedSyntax(at, "Iterating into an existing name"), initializer);
  declareBinding(declaration.name, item, declaration, to);
}

/** One copy of the body per item; `break` leaves them all, `continue` one. */
function unrolled(node: ts.ForOfStatement, items: readonly Value[], to: Lowering): void {
  const breakTo = to.label();
  const { moves, place } = to;
  const jump: Jump = {
    label: labelOf(node),
    breakTo,
    continueTo: to.label(),
    callbacks: to.callbacks,
    broken: false,
    continued: false,
  };
  const whole = to.nested(() => {
    for (const item of items) {
      if (!to.reachable) break;
      const continueTo = to.label();
      const before = to.moves;
      const each: Jump = { ...jump, continueTo, broken: false, continued: false };
      to.jumps.push(each);
      const body = to.nested(() => {
        bindItem(node, item, to);
        lowerStatement(node.statement, to);
      });
      to.jumps.pop();
      jump.broken ||= each.broken;
      if (each.continued) {
        to.push({ kind: "block", label: continueTo, body: body.block as Block, at: place });
        to.forget([body], to.moves !== before, continueTo);
      } else {
        to.splice(body);
      }
    }
  });
  if (!jump.broken) {
    to.splice(whole);
    return;
  }
  to.push({ kind: "block", label: breakTo, body: whole.block as Block, at: place });
  to.forget([whole], to.moves !== moves, breakTo);
}

export function forOfStatement(node: ts.ForOfStatement, to: Lowering): void {
  if (node.awaitModifier !== undefined) to.refuse((at) => unsupportedSyntax(at, "'for await'"), node);
  const source = definite(evaluate(node.expression, to), node.expression, to);
  if (source.kind === "list") return unrolled(node, source.items, to);
  if (source.kind !== "view" || source.layout.kind !== "array")
    return to.refuse((at) => unsupportedSyntax(at, `Iterating over ${describe(source)}`), node.expression);
  const { length } = source.layout;
  const { scope } = to;
  to.scope = new Scope(scope);
  const index = to.variable("u32", "index");
  to.set(index, constant("u32", 0n));
  try {
    let current: Value = { kind: "literal", value: 0 };
    lowerLoop(
      {
        node,
        label: labelOf(node),
        trips: length,
        counter: index,
        condition: null,
        testAfter: false,
        enter: () => {
          const at = to.get(index);
          const inside = to.compare("lt", "u32", at, constant("u32", BigInt(length)));
          const breakTo = to.jumps.at(-1);
          if (breakTo !== undefined) breakTo.broken = true;
          to.branch(
            inside,
            undefined,
            () => undefined,
            () => to.jump({ kind: "break", label: breakTo?.breakTo ?? 0, at: to.place }),
          );
          current = scalar("u32", at, 0n, BigInt(length - 1));
          bindItem(node, elementOf(source, current, node.expression, to), to);
        },
        body: () => lowerStatement(node.statement, to),
        advance: () => to.set(index, to.binary("add", "u32", to.get(index), constant("u32", 1n))),
      },
      to,
    );
  } finally {
    to.scope = scope;
  }
}
