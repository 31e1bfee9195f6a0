/** `while` and `do`: bounded by a counter that every iteration moves towards a known bound. */
import { lowerLoop, refuseEndless } from "../loops.ts";
import type { Lowering } from "../lowering.ts";
import { countTrips, findCounter } from "../trips.ts";
import { ts } from "../typescript.js";
import { lowerStatement } from "./index.ts";
import { labelOf } from "./jumps.ts";

/** Expressions that every iteration runs: the body's own statements before anything could skip them. */
function certainSteps(body: ts.Statement): ts.Expression[] {
  const steps: ts.Expression[] = [];
  for (const statement of ts.isBlock(body) ? body.statements : [body]) {
    if (ts.isExpressionStatement(statement)) steps.push(statement.expression);
    if (mayContinue(statement)) break;
  }
  return steps;
}

function mayContinue(node: ts.Node): boolean {
  if (ts.isContinueStatement(node)) return true;
  return ts.forEachChild(node, (child) => mayContinue(child) || undefined) ?? false;
}

function bounded(node: ts.WhileStatement | ts.DoStatement, keyword: string, testAfter: boolean, to: Lowering): void {
  const counter = findCounter(node.expression, certainSteps(node.statement), node.statement, to);
  const trips = counter === null ? null : countTrips(counter, to);
  if (counter === null || trips === null) return refuseEndless(keyword, node.expression, node, to);
  lowerLoop(
    {
      node,
      label: labelOf(node),
      trips: trips.count + (testAfter ? 1 : 0),
      counter: counter.variable,
      condition: node.expression,
      testAfter,
      enter: () => undefined,
      body: () => lowerStatement(node.statement, to),
      advance: () => undefined,
    },
    to,
  );
}

export const whileStatement = (node: ts.WhileStatement, to: Lowering): void => bounded(node, "while", false, to);
export const doStatement = (node: ts.DoStatement, to: Lowering): void => bounded(node, "do", true, to);
