/** `return`, `break`, `continue` and labels. */
import { leave } from "../calls.ts";
import { evaluate } from "../evaluate.ts";
import type { Jump } from "../frames.ts";
import type { Lowering } from "../lowering.ts";
import { outerJump, unsupportedSyntax } from "../problems.ts";
import { ts } from "../typescript.js";
import { NULL } from "../values.ts";
import { lowerStatement } from "./index.ts";

export function returnStatement(node: ts.ReturnStatement, to: Lowering): void {
  const frame = to.currentFrame();
  const value = node.expression === undefined ? NULL : evaluate(node.expression, to);
  to.at(node);
  if (frame.callbacks !== to.callbacks) to.refuse((at) => outerJump(at, "'return'"), node);
  leave(frame, value, node, to);
}

function targetOf(label: ts.Identifier | undefined, loopOnly: boolean, node: ts.Node, to: Lowering): Jump {
  const target = to.jumps.findLast((jump) =>
    label === undefined ? !loopOnly || jump.continueTo !== null : jump.label === label.text,
  );
  if (target === undefined) return to.refuse((at) => unsupportedSyntax(at, "A jump to nowhere"), node);
  if (target.callbacks !== to.callbacks) to.refuse((at) => outerJump(at, loopOnly ? "'continue'" : "'break'"), node);
  return target;
}

export function breakStatement(node: ts.BreakStatement, to: Lowering): void {
  const target = targetOf(node.label, false, node, to);
  target.broken = true;
  to.jump({ kind: "break", label: target.breakTo, at: to.place });
}

export function continueStatement(node: ts.ContinueStatement, to: Lowering): void {
  const target = targetOf(node.label, true, node, to);
  if (target.continueTo === null)
    return to.refuse((at) => unsupportedSyntax(at, "Continuing what is not a loop"), node);
  target.continued = true;
  to.jump({ kind: "break", label: target.continueTo, at: to.place });
}

/** The label of the statement being lowered, for the loop it names. */
export const labelOf = (node: ts.Statement): string | null =>
  ts.isLabeledStatement(node.parent) ? node.parent.label.text : null;

export function labeledStatement(node: ts.LabeledStatement, to: Lowering): void {
  if (!ts.isIterationStatement(node.statement, false))
    to.refuse((at) => unsupportedSyntax(at, "A label on anything but a loop"), node);
  lowerStatement(node.statement, to);
}
