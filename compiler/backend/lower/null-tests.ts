/**
 * Tests of pointers for null. The verifier follows one only where a branch on that very pointer decides, and LLVM likes to
 * make one test of two: `(a | b) == 0`, which is arithmetic on pointers. So a test that only steers branches is kept on
 * its own branch, and any other becomes a number that LLVM knows nothing of.
 */
import type { Block, Op, Operand, Statement } from "../../ir/ir.ts";
import { statementOperands } from "../../ir/operands.ts";
import { statements } from "./walk.ts";

export interface NullTests {
  /** Whether a test's outcome is used by branches alone. */
  onlySteers(test: Op): boolean;
  /** Of a condition that is the outcome of such a test: when the pointer is there. Null for every other condition. */
  presentWhen(condition: Operand): boolean | null;
}

const tempsOf = (operands: readonly Operand[]): readonly number[] =>
  operands.flatMap((operand) => (operand.kind === "temp" ? [operand.id] : []));

export function nullTestsOf(body: Block): NullTests {
  const tests = new Map<number, { readonly op: Op; readonly presentWhen: boolean }>();
  const kept: Statement[] = [];
  for (const statement of statements(body)) {
    kept.push(statement);
    if (statement.kind !== "let" || statement.result === null) continue;
    const { op, result } = statement;
    const turned = op.op === "not" && op.a.kind === "temp" ? tests.get(op.a.id) : undefined;
    if (op.op === "isNull") tests.set(result.id, { op, presentWhen: false });
    else if (turned !== undefined) tests.set(result.id, { op, presentWhen: !turned.presentWhen });
  }
  const elsewhere = new Set<number>();
  // Backwards: of a test turned round, the uses are known before the test itself is met.
  for (const statement of kept.reverse()) {
    if (statement.kind === "if") continue;
    const turned = statement.kind === "let" && statement.op.op === "not" ? statement.result : null;
    if (turned !== null && tests.has(turned.id) && !elsewhere.has(turned.id)) continue;
    for (const temp of tempsOf(statementOperands(statement))) elsewhere.add(temp);
  }
  const steering = new Set([...tests].flatMap(([temp, { op }]) => (elsewhere.has(temp) ? [] : [op])));
  return {
    onlySteers: (test) => steering.has(test),
    presentWhen(condition) {
      const test = condition.kind === "temp" ? tests.get(condition.id) : undefined;
      return test !== undefined && steering.has(test.op) ? test.presentWhen : null;
    },
  };
}
