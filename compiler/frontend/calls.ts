/** Calling functions: every call is inlined with its arguments as they are, which specialises generics and callbacks. */
import { isOutcome } from "./builtins/outcomes.ts";
import { merge } from "./cells.ts";
import { coerce, shortText } from "./coerce.ts";
import { evaluate } from "./evaluate.ts";
import { flavourOf } from "./flavours.ts";
import { type Frame, Refusal } from "./frames.ts";
import type { Nested } from "./knowledge.ts";
import type { Lowering } from "./lowering.ts";
import { asyncUsed, generatorUsed, notCallable, recursion, tooDeep, wrongArgument } from "./problems.ts";
import { Scope } from "./scope.ts";
import { declareBinding, orDefault } from "./statements/bindings.ts";
import { lowerStatements } from "./statements/index.ts";
import { ts } from "./typescript.js";
import { describe, type FunctionValue, NULL, POISON, type Value } from "./values.ts";

const MAX_DEPTH = 64;

/** What its author calls a function: an arrow has the name of what holds it. */
function calledName({ declaration, name }: FunctionValue): string {
  const { parent } = declaration;
  const holder = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined;
  return declaration.name === undefined && holder !== undefined && ts.isIdentifier(holder) ? holder.text : name;
}

/** Refuses the kinds of function that the data path cannot have. */
export function checkFunction(fn: ts.FunctionLikeDeclaration, to: Lowering): void {
  if (ts.getCombinedModifierFlags(fn) & ts.ModifierFlags.Async) to.refuse((at) => asyncUsed(at), fn);
  if (fn.asteriskToken !== undefined) to.refuse((at) => generatorUsed(at), fn);
}

/** Inlines a call and gives its value. */
export function callFunction(fn: FunctionValue, values: readonly Value[], node: ts.Node, to: Lowering): Value {
  if (to.frames.length > MAX_DEPTH) to.refuse((at) => tooDeep(at, calledName(fn)), node);
  const higherOrder = values.some((value) => value.kind === "function" || value.kind === "object");
  if (to.isActive(fn) && !higherOrder) to.refuse((at) => recursion(at, calledName(fn)), node);
  const mistake = to.module.mistakes.of(fn.declaration);
  if (mistake === "whole") throw new Refusal(null);
  checkFunction(fn.declaration, to);
  const { place, node: caller, scope, moves } = to;
  const frame: Frame = {
    name: fn.name,
    declaration: fn.declaration,
    around: fn.scope,
    call: node,
    label: to.label(),
    exits: [],
    result: flavourOf(returnType(fn.declaration, to)),
    callbacks: to.callbacks,
  };
  const { purity } = to;
  const hook = to.module.hooks.get(fn.declaration)?.hook;
  if (hook !== undefined && hook !== "filter") to.purity = { hook };
  to.scope = new Scope(fn.scope);
  to.frames.push(frame);
  try {
    const body = to.nested(() => {
      bindParameters(fn, values, mistake === null ? NULL : POISON, node, to);
      lowerBody(fn, frame, to);
    });
    if (mistake !== null) throw new Refusal(null);
    const value = finish(frame, body, moves !== to.moves, node, to);
    if (to.module.isOwn(node) && !to.module.isOwn(fn.declaration)) gave(fn, value, to);
    return value;
  } finally {
    to.frames.pop();
    to.purity = purity;
    to.scope = scope;
    to.place = place;
    to.node = caller;
  }
}

/** An author's function has given something to our library: what is wrong with it is told there. */
function gave({ declaration }: FunctionValue, value: Value, to: Lowering): void {
  const place = declaration.name ?? declaration;
  const hook = to.module.hooks.get(declaration)?.hook;
  const isVerdict = hook === undefined || hook === "holds" || value.kind === "poison" || isOutcome(value);
  // Where something in it was refused, a return may have been with it.
  if (!isVerdict && to.module.failed) throw new Refusal(null);
  if (!isVerdict)
    to.refuse((at) => wrongArgument(at, `'${hook}' to give a verdict on every path`, describe(value)), place);
  to.lastAuthored = place;
}

const returnType = (fn: ts.FunctionLikeDeclaration, to: Lowering): ts.Type | null => {
  if (fn.type === undefined) return null;
  return to.module.checker.getTypeFromTypeNode(fn.type);
};

function bindParameters(
  fn: FunctionValue,
  values: readonly Value[],
  missing: Value,
  node: ts.Node,
  to: Lowering,
): void {
  for (const [index, parameter] of fn.declaration.parameters.entries()) {
    if (parameter.dotDotDotToken !== undefined) {
      declareBinding(parameter.name, { kind: "list", items: values.slice(index) }, null, to);
      continue;
    }
    const given = values[index] ?? missing;
    let value = orDefault(given, parameter, to);
    // What is wrong with a default is wrong where it stands.
    const place = value === given ? node : (parameter.initializer ?? node);
    const type = parameter.type === undefined ? null : to.module.checker.getTypeAtLocation(parameter);
    const flavour = type === null ? null : flavourOf(type);
    if (flavour !== null && (value.kind === "scalar" || value.kind === "literal"))
      value = coerce(value, flavour, place, to);
    declareBinding(parameter.name, value, parameter, to);
  }
}

function lowerBody(fn: FunctionValue, frame: Frame, to: Lowering): void {
  const { body } = fn.declaration;
  if (body === undefined) return to.refuse((at) => notCallable(at, `'${fn.name}'`), fn.declaration);
  if (ts.isBlock(body)) {
    lowerStatements(body.statements, to);
    if (to.reachable) leave(frame, NULL, fn.declaration, to);
    return;
  }
  to.at(body);
  if (to.module.mistakes.of(body) !== null) throw new Refusal(null);
  leave(frame, evaluate(body, to), body, to);
}

/** Leaves the function being inlined with a value. */
export function leave(frame: Frame, value: Value, node: ts.Node, to: Lowering): void {
  const typed =
    frame.result !== null && (value.kind === "scalar" || value.kind === "literal")
      ? coerce(value, frame.result, node, to)
      : value;
  if (to.frames[0] === frame && to.reachable) to.recordsFinished();
  const hole = to.hole();
  if (to.reachable) frame.exits.push({ value: typed, hole });
  to.jump({ kind: "break", label: frame.label, at: to.place });
}

/** Splices the inlined body in; a labelled block only where something leaves it early. */
function finish(frame: Frame, body: Nested, moved: boolean, node: ts.Node, to: Lowering): Value {
  const last = body.block.at(-1);
  const straight = frame.exits.length === 1 && last?.kind === "break" && last.label === frame.label;
  if (straight) {
    body.block.pop();
    to.splice({ ...body, reachable: true });
    return (frame.exits[0] as Frame["exits"][number]).value;
  }
  to.push({ kind: "block", label: frame.label, body: body.block as never, at: to.place });
  to.reachable = to.reachable && frame.exits.length > 0;
  to.forget([body], moved, frame.label);
  return merge(frame.exits, frame.name, node, to, body.firstTemp);
}

/** Calls whatever a value is, if it can be called. */
export function callValue(callee: Value, values: readonly Value[], node: ts.CallExpression, to: Lowering): Value {
  switch (callee.kind) {
    case "function":
      return callFunction(callee, values, node, to);
    case "builtin":
      return callee.call({ to, node, values, argument: (index) => node.arguments[index] ?? node });
    case "poison":
      throw new Refusal(null);
    default:
      return to.refuse((at) => notCallable(at, `'${shortText(node.expression)}' (${describe(callee)})`), node);
  }
}

export function expectFunction(value: Value | undefined, node: ts.Node, to: Lowering): FunctionValue {
  if (value?.kind === "function") return value;
  return to.refuse((at) => wrongArgument(at, "a function", value === undefined ? "nothing" : describe(value)), node);
}
