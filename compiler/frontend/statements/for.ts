/** `for (let i = 0; i < n; i++)`: a counter that only the loop's own step changes, against a bound that is known. */
import { readCell } from "../cells.ts";
import { evaluate } from "../evaluate.ts";
import { lowerLoop, refuseEndless } from "../loops.ts";
import type { Lowering } from "../lowering.ts";
import { Scope } from "../scope.ts";
import { countTrips, findCounter } from "../trips.ts";
import type { ts } from "../typescript.js";
import { ts as api } from "../typescript.js";
import { variableDeclarations } from "./declarations.ts";
import { lowerStatement } from "./index.ts";
import { labelOf } from "./jumps.ts";

export function forStatement(node: ts.ForStatement, to: Lowering): void {
  const { scope } = to;
  to.scope = new Scope(scope);
  try {
    const { initializer, condition, incrementor } = node;
    if (initializer !== undefined) {
      if (api.isVariableDeclarationList(initializer)) variableDeclarations(initializer, to);
      else evaluate(initializer, to);
    }
    const counter =
      condition === undefined
        ? null
        : findCounter(condition, incrementor === undefined ? [] : [incrementor], node.statement, to);
    const trips = counter === null ? null : countTrips(counter, to);
    if (condition === undefined || counter === null || trips === null)
      return refuseEndless("for", condition, node, to, incrementor);
    lowerLoop(
      {
        node,
        label: labelOf(node),
        trips: trips.count,
        counter: counter.variable,
        condition,
        testAfter: false,
        enter: () => {
          const value = readCell(counter.cell, to);
          if (value.kind === "scalar" && counter.cell.kind === "mutable" && counter.cell.storage.kind === "scalar") {
            to.holds(counter.cell.storage.variable, { operand: value.operand, low: trips.low, high: trips.high });
          }
        },
        body: () => lowerStatement(node.statement, to),
        advance: () => {
          if (incrementor !== undefined) evaluate(incrementor, to);
        },
      },
      to,
    );
  } finally {
    to.scope = scope;
  }
}
