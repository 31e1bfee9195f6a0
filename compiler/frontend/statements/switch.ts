/** `switch`: groups of labels over one body each; a body ends with break, return or continue. */
import type { Block } from "../../ir/ir.ts";
import { coerce, settleNull, toScalar } from "../coerce.ts";
import { comparison } from "../comparison.ts";
import { evaluate } from "../evaluate.ts";
import type { Jump } from "../frames.ts";
import type { Nested } from "../knowledge.ts";
import type { Lowering } from "../lowering.ts";
import { duplicateName, notConstant, unsupportedSyntax } from "../problems.ts";
import { arithmeticType, IR_TYPE } from "../types.ts";
import { ts } from "../typescript.js";
import type { Fact, ScalarValue, Value } from "../values.ts";
import { lowerBlock } from "./index.ts";

interface Group {
  readonly labels: readonly ts.Expression[];
  readonly isDefault: boolean;
  readonly statements: readonly ts.Statement[];
  readonly node: ts.CaseOrDefaultClause;
}

/** Clauses with empty bodies share the next one's. */
function groupsOf(node: ts.SwitchStatement): Group[] {
  const groups: Group[] = [];
  let labels: ts.Expression[] = [];
  let isDefault = false;
  for (const clause of node.caseBlock.clauses) {
    if (ts.isCaseClause(clause)) labels.push(clause.expression);
    else isDefault = true;
    if (clause.statements.length === 0 && clause !== node.caseBlock.clauses.at(-1)) continue;
    groups.push({ labels, isDefault, statements: clause.statements, node: clause });
    labels = [];
    isDefault = false;
  }
  return groups;
}

function labelValue(label: ts.Expression, value: ScalarValue, to: Lowering): bigint {
  const known = coerce(evaluate(label, to), arithmeticType(value.type), label, to);
  return known.operand.kind === "constant"
    ? known.operand.value
    : to.refuse((at) => notConstant(at, "A case label"), label);
}

export function switchStatement(node: ts.SwitchStatement, to: Lowering): void {
  const subject = settleNull(evaluate(node.expression, to), to);
  const groups = groupsOf(node);
  const jump: Jump = {
    label: null,
    breakTo: to.label(),
    continueTo: null,
    callbacks: to.callbacks,
    broken: false,
    continued: false,
  };
  const { moves, place } = to;
  to.jumps.push(jump);
  const whole = to.nested(() =>
    subject.kind === "scalar" && subject.operand.kind === "temp"
      ? atRunTime(subject, groups, node, to)
      : whileCompiling(subject, groups, node, to),
  );
  to.jumps.pop();
  if (!jump.broken) {
    to.splice(whole);
    return;
  }
  to.push({ kind: "block", label: jump.breakTo, body: whole.block as Block, at: place });
  to.forget([whole], to.moves !== moves, jump.breakTo);
}

function body(group: Group, last: boolean, facts: readonly Fact[], to: Lowering): Nested {
  return to.nested(() => {
    lowerBlock(group.statements, to);
    if (to.reachable && !last) to.refuse((at) => unsupportedSyntax(at, "Falling through to the next case"), group.node);
  }, facts);
}

function atRunTime(value: ScalarValue, groups: readonly Group[], node: ts.SwitchStatement, to: Lowering): void {
  const seen = new Set<bigint>();
  const { place } = to;
  const type = IR_TYPE[value.type];
  const ends: Nested[] = [];
  let otherwise: Nested | null = null;
  const cases: { values: bigint[]; body: Block }[] = [];
  for (const group of groups) {
    const values = group.labels.map((label) => labelValue(label, value, to));
    for (const [index, known] of values.entries()) {
      if (seen.has(known)) to.refuse((at) => duplicateName(at, "cases", String(known)), group.labels[index] ?? node);
      seen.add(known);
    }
    const [only] = values;
    const facts: Fact[] =
      !group.isDefault && values.length === 1 && only !== undefined && value.operand.kind === "temp"
        ? [{ kind: "range", temp: value.operand.id, low: only, high: only }]
        : [];
    const end = body(group, group === groups.at(-1), facts, to);
    ends.push(end);
    if (group.isDefault) otherwise = end;
    else cases.push({ values, body: end.block as Block });
  }
  if (otherwise === null) {
    otherwise = to.nested(() => undefined);
    ends.push(otherwise);
  }
  to.push({ kind: "switch", type, value: value.operand, cases, otherwise: otherwise.block as Block, at: place });
  to.join(ends);
}

/** The subject is known: only the case it selects is lowered. */
function whileCompiling(subject: Value, groups: readonly Group[], node: ts.SwitchStatement, to: Lowering): void {
  const matches = (label: ts.Expression): boolean => {
    const equal = comparison("===", subject, evaluate(label, to), label, to);
    return equal.operand.kind === "constant"
      ? equal.operand.value !== 0n
      : to.refuse((at) => notConstant(at, "A case label"), label);
  };
  if (subject.kind !== "string") toScalar(subject, node.expression, to);
  const chosen = groups.find((group) => group.labels.some(matches)) ?? groups.find((group) => group.isDefault);
  if (chosen === undefined) return;
  const end = body(chosen, chosen === groups.at(-1), [], to);
  to.splice(end);
}
