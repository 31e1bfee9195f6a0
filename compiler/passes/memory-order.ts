/**
 * A field of the packet that is kept in a variable only to be compared with constants is kept as it lies in memory: the
 * constants are turned round instead, once, here. (What is compared where it is loaded, LLVM sees for itself.)
 */
import type { Block, IrFunction, Op, Operand, Statement, Temp } from "../ir/ir.ts";
import { statementOperands, walk } from "../ir/operands.ts";
import { greatestTemp, replaceBlocks } from "./operands.ts";

type Load = Extract<Op, { op: "load" }>;

/** Variables to turn round, with the bytes of the field. */
type Turned = ReadonlyMap<number, number>;

interface Uses {
  readonly definitions: ReadonlyMap<number, Op>;
  readonly turned: Turned;
}

const isField = (op: Op | undefined): op is Load =>
  op?.op === "load" && op.type === "u32" && op.order === "big" && (op.bytes === 2 || op.bytes === 4);

function usesOf(body: Block): Uses {
  const definitions = new Map<number, Op>();
  const bytes = new Map<number, number>();
  const other = new Set<number>();
  walk(body, (statement) => {
    if (statement.kind === "let" && statement.result !== null) definitions.set(statement.result.id, statement.op);
    if (statement.kind !== "set" || statement.value.kind === "constant") return;
    const field = statement.value.kind === "temp" ? definitions.get(statement.value.id) : undefined;
    const known = bytes.get(statement.variable);
    if (!isField(field) || (known !== undefined && known !== field.bytes)) other.add(statement.variable);
    else bytes.set(statement.variable, field.bytes);
  });
  const variableOf = (operand: Operand): number | undefined => {
    const op = operand.kind === "temp" ? definitions.get(operand.id) : undefined;
    return op?.op === "get" ? op.variable : undefined;
  };
  const fits = (variable: number, value: bigint): boolean => value >> BigInt((bytes.get(variable) ?? 0) * 8) === 0n;
  walk(body, (statement) => {
    const compared = comparedIn(statement);
    for (const operand of statementOperands(statement)) {
      const variable = variableOf(operand);
      if (variable !== undefined && !compared?.every((value) => fits(variable, value))) other.add(variable);
    }
    if (
      statement.kind === "set" &&
      statement.value.kind === "constant" &&
      !fits(statement.variable, statement.value.value)
    )
      other.add(statement.variable);
  });
  return { definitions, turned: new Map([...bytes].filter(([variable]) => !other.has(variable))) };
}

/** The constants that a statement compares its one operand with for equality; null when it does anything else. */
function comparedIn(statement: Statement): readonly bigint[] | null {
  if (statement.kind === "switch") return statement.cases.flatMap(({ values }) => values);
  if (statement.kind !== "let" || statement.op.op !== "compare") return null;
  const { operator, a, b } = statement.op;
  if (operator !== "eq" && operator !== "ne") return null;
  return a.kind === "constant" ? [a.value] : b.kind === "constant" ? [b.value] : null;
}

function reversed(value: bigint, bytes: number): bigint {
  let out = 0n;
  for (let at = 0; at < bytes; at++) out = (out << 8n) | ((value >> BigInt(at * 8)) & 0xffn);
  return out;
}

/** Runs last: what it makes of constants tells nobody anything any more. */
export function keepMemoryOrder<F extends IrFunction>(fn: F): F {
  const { definitions, turned } = usesOf(fn.body);
  if (turned.size === 0) return fn;
  let next = greatestTemp(fn);
  const needed = new Set<number>();
  walk(fn.body, (statement) => {
    if (statement.kind === "set" && statement.value.kind === "temp" && turned.has(statement.variable))
      needed.add(statement.value.id);
  });
  const asItLies = new Map<number, Temp>();
  const bytesOf = (operand: Operand): number | undefined => {
    const op = operand.kind === "temp" ? definitions.get(operand.id) : undefined;
    return op?.op === "get" ? turned.get(op.variable) : undefined;
  };
  const constant = (operand: Operand, bytes: number): Operand =>
    operand.kind === "constant" ? { ...operand, value: reversed(operand.value, bytes) } : operand;
  const rewrite = (block: Block): Block =>
    block.flatMap((statement): readonly Statement[] => {
      if (statement.kind === "let") {
        const { op, result } = statement;
        if (op.op === "compare") {
          const bytes = bytesOf(op.a) ?? bytesOf(op.b);
          if (bytes === undefined) return [statement];
          return [{ ...statement, op: { ...op, a: constant(op.a, bytes), b: constant(op.b, bytes) } }];
        }
        if (result === null || op.op !== "load" || !needed.has(result.id)) return [statement];
        const raw = { ...result, id: ++next };
        asItLies.set(result.id, raw);
        return [statement, { ...statement, result: raw, op: { ...op, order: "little" } }];
      }
      if (statement.kind === "set") {
        const bytes = turned.get(statement.variable);
        if (bytes === undefined) return [statement];
        const raw = statement.value.kind === "temp" ? asItLies.get(statement.value.id) : undefined;
        return [{ ...statement, value: raw ?? constant(statement.value, bytes) }];
      }
      const inner = replaceBlocks(statement, rewrite);
      const bytes = inner.kind === "switch" ? bytesOf(inner.value) : undefined;
      if (inner.kind !== "switch" || bytes === undefined) return [inner];
      const cases = inner.cases.map((one) => ({ ...one, values: one.values.map((value) => reversed(value, bytes)) }));
      return [{ ...inner, cases }];
    });
  return { ...fn, body: rewrite(fn.body) };
}
