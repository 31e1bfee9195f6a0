/** Walks over the IR: nested blocks of statements, operands of operations. */
import type { Block, Op, Operand, Statement } from "../../ir/ir.ts";

/** The blocks that a statement holds. */
export function blocksOf(statement: Statement): readonly Block[] {
  switch (statement.kind) {
    case "if":
      return [statement.then, statement.otherwise];
    case "switch":
      return [...statement.cases.map((one) => one.body), statement.otherwise];
    case "loop":
    case "block":
    case "repeat":
    case "drain":
      return [statement.body];
    default:
      return [];
  }
}

/** Every statement of a block, outer before inner. */
export function* statements(block: Block): Generator<Statement> {
  for (const statement of block) {
    yield statement;
    for (const inner of blocksOf(statement)) yield* statements(inner);
  }
}

const isOperand = (value: object): value is Operand =>
  "kind" in value && (value.kind === "temp" || value.kind === "constant" || value.kind === "null");

/** Operands read by an operation or by a statement itself (not by the blocks or the operation inside it). */
export function* operands(node: Op | Statement): Generator<Operand> {
  for (const [key, value] of Object.entries(node)) {
    if (key === "result" || (key === "index" && "kind" in node)) continue;
    yield* operandsIn(value);
  }
}

function* operandsIn(value: unknown): Generator<Operand> {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if (isOperand(value)) {
    yield value;
    return;
  }
  if ("kind" in value && value.kind === "dynamic" && "map" in value) {
    yield* operandsIn(value.map);
    return;
  }
  if (Array.isArray(value))
    for (const item of value) if (typeof item === "object" && item !== null && isOperand(item)) yield item;
}

/** The operation of a statement, where it has one. */
export const opOf = (statement: Statement): Op | null => (statement.kind === "let" ? statement.op : null);
