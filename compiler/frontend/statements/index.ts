/** Statements: an exhaustive table by construct. A problem in one statement does not keep the next from being checked. */

import { isOutcome } from "../builtins/outcomes.ts";
import { leave } from "../calls.ts";
import { evaluate } from "../evaluate.ts";
import { Refusal } from "../frames.ts";
import type { Lowering } from "../lowering.ts";
import { classUsed, exceptionUsed, unsupportedSyntax, unusedVerdict } from "../problems.ts";
import { Scope } from "../scope.ts";
import { spelled } from "../spelled.ts";
import { assignedPlace } from "../steady.ts";
import { ts } from "../typescript.js";
import { POISON } from "../values.ts";
import { poisonNames } from "./bindings.ts";
import { functionDeclaration, variableStatement } from "./declarations.ts";
import { forStatement } from "./for.ts";
import { forOfStatement } from "./for-of.ts";
import { ifStatement, refusedIf } from "./if.ts";
import { breakStatement, continueStatement, labeledStatement, returnStatement } from "./jumps.ts";
import { switchStatement } from "./switch.ts";
import { doStatement, whileStatement } from "./while.ts";

interface Supported {
  readonly VariableStatement: ts.VariableStatement;
  readonly ExpressionStatement: ts.ExpressionStatement;
  readonly FunctionDeclaration: ts.FunctionDeclaration;
  readonly IfStatement: ts.IfStatement;
  readonly ForStatement: ts.ForStatement;
  readonly ForOfStatement: ts.ForOfStatement;
  readonly WhileStatement: ts.WhileStatement;
  readonly DoStatement: ts.DoStatement;
  readonly SwitchStatement: ts.SwitchStatement;
  readonly ReturnStatement: ts.ReturnStatement;
  readonly BreakStatement: ts.BreakStatement;
  readonly ContinueStatement: ts.ContinueStatement;
  readonly LabeledStatement: ts.LabeledStatement;
  readonly Block: ts.Block;
  readonly EmptyStatement: ts.EmptyStatement;
  readonly TypeAliasDeclaration: ts.TypeAliasDeclaration;
  readonly InterfaceDeclaration: ts.InterfaceDeclaration;
}
type Lowerings = { readonly [K in keyof Supported]: (node: Supported[K], to: Lowering) => void };

const nothing = (): void => undefined;

const lowerings: Lowerings = {
  VariableStatement: variableStatement,
  ExpressionStatement: expressionStatement,
  FunctionDeclaration: functionDeclaration,
  IfStatement: ifStatement,
  ForStatement: forStatement,
  ForOfStatement: forOfStatement,
  WhileStatement: whileStatement,
  DoStatement: doStatement,
  SwitchStatement: switchStatement,
  ReturnStatement: returnStatement,
  BreakStatement: breakStatement,
  ContinueStatement: continueStatement,
  LabeledStatement: labeledStatement,
  Block: (node, to) => lowerBlock(node.statements, to),
  EmptyStatement: nothing,
  TypeAliasDeclaration: nothing,
  InterfaceDeclaration: nothing,
};

/** An expression for its effects; a verdict has none by itself. */
function expressionStatement(node: ts.ExpressionStatement, to: Lowering): void {
  const value = evaluate(node.expression, to);
  if (isOutcome(value) && ts.isCallExpression(node.expression)) to.refuse((at) => unusedVerdict(at), node.expression);
}

const KINDS = new Map<number, keyof Supported>();
function kindOf(node: ts.Node): keyof Supported | undefined {
  if (KINDS.size === 0) {
    for (const name of Object.keys(lowerings) as (keyof Supported)[]) KINDS.set(ts.SyntaxKind[name], name);
  }
  return KINDS.get(node.kind);
}

function refuseStatement(node: ts.Statement, to: Lowering): never {
  switch (node.kind) {
    case ts.SyntaxKind.ThrowStatement:
      return to.refuse((at) => exceptionUsed(at, "throw"), node);
    case ts.SyntaxKind.TryStatement:
      return to.refuse((at) => exceptionUsed(at, "try"), node);
    case ts.SyntaxKind.ClassDeclaration:
      return to.refuse((at) => classUsed(at), node);
    default:
      return to.refuse((at) => unsupportedSyntax(at, spelled(node)), node);
  }
}

/** What it would have changed, or shown, is not known from here on. */
function leaveOut(node: ts.Statement, to: Lowering): never {
  if (ts.isSwitchStatement(node) || ts.isIterationStatement(node, false)) to.doubtAll(node);
  if (ts.isExpressionStatement(node)) {
    const { expression } = node;
    const changed = ts.isCallExpression(expression) ? expression : assignedPlace(expression);
    if (changed !== null) to.doubt(changed);
  }
  throw new Refusal(null);
}

export function lowerStatement(node: ts.Statement, to: Lowering): void {
  if (!to.reachable) return;
  to.at(node);
  try {
    if (to.module.mistakes.of(node) !== null && !ts.isFunctionDeclaration(node)) leaveOut(node, to);
    const kind = kindOf(node);
    if (kind === undefined) refuseStatement(node, to);
    (lowerings[kind] as (node: ts.Statement, to: Lowering) => void)(node, to);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    to.module.report(error.problem);
    poisonNames(node, to);
    if (ts.isReturnStatement(node)) leave(to.currentFrame(), POISON, node, to);
    if (ts.isIfStatement(node)) refusedIf(node, to);
  }
}

/** Statements one after another in the current scope; functions are known before the line that declares them. */
export function lowerStatements(statements: readonly ts.Statement[], to: Lowering): void {
  for (const statement of statements) if (ts.isFunctionDeclaration(statement)) lowerStatement(statement, to);
  for (const statement of statements) if (!ts.isFunctionDeclaration(statement)) lowerStatement(statement, to);
}

export function lowerBlock(statements: readonly ts.Statement[], to: Lowering): void {
  const { scope } = to;
  to.scope = new Scope(scope);
  try {
    lowerStatements(statements, to);
  } finally {
    to.scope = scope;
  }
}
