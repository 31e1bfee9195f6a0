/** Cuts a failing program down: takes out statements, then parts of expressions, as long as it fails the same way. */
import { ts } from "../../compiler/frontend/typescript.js";
import type { BatchCompiler, Variant } from "./compile.ts";
import { attempt, type Case, type Failure } from "./trial.ts";
import type { Unit } from "./unit.ts";

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The same failure: kind, and the reason without its numbers. */
export const signatureOf = (failure: Failure): string =>
  failure.kind === "mismatch"
    ? failure.kind
    : `${failure.kind} ${failure.reason
        .split("\n")[0]
        ?.replace(/'[^']*'/g, "")
        .replace(/\bR?\d+/g, "N")
        .slice(0, 80)}`;

const isStatementList = (node: ts.Node): boolean =>
  ts.isSourceFile(node) || ts.isBlock(node) || ts.isCaseOrDefaultClause(node);

const inner = (file: ts.SourceFile, node: ts.Statement): string =>
  ts.isBlock(node) ? node.statements.map((one) => one.getText(file)).join("\n") : node.getText(file);

/** What a statement may be replaced by: nothing, or what stands in it. */
function statementEdits(file: ts.SourceFile, node: ts.Statement): string[] {
  const texts = [""];
  if (ts.isIfStatement(node)) {
    texts.push(inner(file, node.thenStatement));
    if (node.elseStatement !== undefined) texts.push(inner(file, node.elseStatement));
  }
  if (ts.isIterationStatement(node, false)) texts.push(inner(file, node.statement));
  if (ts.isLabeledStatement(node)) texts.push(node.statement.getText(file));
  if (ts.isSwitchStatement(node))
    for (const clause of node.caseBlock.clauses)
      texts.push(
        clause.statements
          .filter((one) => !ts.isBreakStatement(one))
          .map((one) => inner(file, one))
          .join("\n"),
      );
  return texts;
}

function expressionEdits(file: ts.SourceFile, node: ts.Expression): string[] {
  if (ts.isIdentifier(node) || ts.isLiteralExpression(node)) return [];
  const texts: string[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isExpression(child) && !ts.isFunctionLike(child)) texts.push(child.getText(file));
    if (!ts.isFunctionLike(child))
      ts.forEachChild(child, (grand) => {
        if (ts.isExpression(grand) && !ts.isFunctionLike(grand)) texts.push(grand.getText(file));
      });
  };
  ts.forEachChild(node, visit);
  return [...texts, "0", "0n", "false"];
}

/** Everything that might be cut, the largest first. */
function edits(text: string): Edit[] {
  const file = ts.createSourceFile("unit.ts", text, ts.ScriptTarget.ES2022, true);
  const found: Edit[] = [];
  const add = (node: ts.Node, texts: readonly string[]): void => {
    const [from, to] = [node.getStart(file), node.getEnd()];
    for (const replacement of new Set(texts))
      if (replacement.length < to - from) found.push({ from, to, text: replacement });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStatement(node) && isStatementList(node.parent)) add(node, statementEdits(file, node));
    else if (ts.isCaseOrDefaultClause(node)) add(node, [""]);
    else if (ts.isExpression(node)) add(node, expressionEdits(file, node));
    else if (ts.isPropertyAssignment(node)) {
      const comma = text.slice(node.getEnd()).match(/^\s*,\s*/)?.[0].length ?? 0;
      found.push({ from: node.getStart(file), to: node.getEnd() + comma, text: "" });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.sort((a, b) => b.to - b.from - b.text.length - (a.to - a.from - a.text.length));
}

const tidy = (text: string): string => text.replace(/^\s*\n/gm, "");

export interface ShrinkOptions {
  readonly compiler: BatchCompiler;
  readonly variant: Variant;
  /** Programs tried at most; 600 unless told. */
  readonly tries?: number;
}

export interface Shrunk {
  readonly unit: Unit;
  readonly given: Case;
  readonly failure: Failure;
}

/** The smallest program, and the fewest packets, found to fail as this one does. */
export async function shrink(failure: Failure, given: Case, options: ShrinkOptions): Promise<Shrunk> {
  const { compiler, variant } = options;
  const wanted = signatureOf(failure);
  // A million instructions take the verifier seconds, at every try.
  let left = options.tries ?? (/too large/.test(failure.reason) ? 60 : 600);
  const fails = async (unit: Unit, using: Case): Promise<Failure | null> => {
    if (!unit.text.includes(`export const ${unit.name} = program(`)) return null;
    left--;
    const [found] = await attempt(compiler, [unit], variant, () => using);
    return found !== undefined && signatureOf(found) === wanted ? found : null;
  };
  let best: Shrunk = { unit: failure.unit, given, failure };
  if (failure.kind === "mismatch") {
    const upTo = given.packets.slice(0, failure.mismatch.packet + 1);
    for (const packets of [upTo.slice(-1), upTo]) {
      const found = await fails(best.unit, { ...given, packets });
      if (found === null) continue;
      best = { unit: best.unit, given: { ...given, packets }, failure: found };
      break;
    }
  }
  for (let progress = true; progress && left > 0; ) {
    progress = false;
    let skip = 0;
    for (let all = edits(best.unit.text); skip < all.length && left > 0; skip++) {
      const { from, to, text } = all[skip] as Edit;
      const shorter = tidy(best.unit.text.slice(0, from) + text + best.unit.text.slice(to));
      const unit = { ...best.unit, text: shorter };
      const found = await fails(unit, best.given);
      if (found === null) continue;
      best = { unit, given: best.given, failure: found };
      all = edits(shorter);
      skip = Math.max(-1, Math.min(skip, all.length) - 1);
      progress = true;
    }
  }
  return best;
}
