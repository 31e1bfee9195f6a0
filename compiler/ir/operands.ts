/** Every operand an operation or a statement reads, for passes that do not care what it does with them. */
import type { Block, MapOperand, Op, Operand, Statement } from "./ir.ts";

const inMap = (map: MapOperand): readonly Operand[] => (map.kind === "dynamic" ? [map.map] : []);

/** In evaluation order. */
export function operandsOf(op: Op): readonly Operand[] {
  switch (op.op) {
    case "binary":
    case "compare":
      return [op.a, op.b];
    case "not":
    case "convert":
    case "swap":
    case "isNull":
    case "offset":
      return [op.a];
    case "select":
      return [op.condition, op.a, op.b];
    case "element":
      return [op.a, op.index];
    case "packetAt":
      return [op.offset];
    case "advance":
      return [op.a, op.by];
    case "packetFits":
    case "load":
    case "lock":
    case "unlock":
      return [op.place];
    case "atomic":
      return op.expected === null ? [op.place, op.value] : [op.place, op.value, op.expected];
    case "mapLookup":
    case "mapInner":
    case "mapDelete":
      return [...inMap(op.map), op.key];
    case "mapUpdate":
      return [...inMap(op.map), op.key, op.value, op.flags];
    case "mapPush":
      return [...inMap(op.map), op.value, op.flags];
    case "mapPop":
    case "mapPeek":
      return [...inMap(op.map), op.value];
    case "ringReserve":
      return inMap(op.map);
    case "ringSubmit":
    case "ringDiscard":
      return [op.record, op.flags];
    case "ringOutput":
      return [...inMap(op.map), op.data, op.flags];
    case "adjustHead":
    case "adjustTail":
      return [op.delta];
    case "packetRead":
      return [op.offset, op.to];
    case "packetWrite":
      return [op.offset, op.from];
    case "redirect":
      return [op.interface, op.flags];
    case "redirectMap":
      return [...inMap(op.map), op.key, op.flags];
    case "tailCall":
      return [...inMap(op.map), op.index];
    case "fibLookup":
      return [op.parameters, op.flags];
    case "checksumDiff":
      return [op.from, op.to, op.seed];
    case "log":
    case "call":
      return op.values;
    case "get":
    case "slot":
    case "global":
    case "packetLength":
    case "context":
    case "time":
    case "random":
    case "cpu":
    case "barrier":
      return [];
  }
}

/** Operands of the statement itself, not of the blocks inside it. */
export function statementOperands(statement: Statement): readonly Operand[] {
  switch (statement.kind) {
    case "let":
      return operandsOf(statement.op);
    case "set":
    case "switch":
      return [statement.value];
    case "store":
      return [statement.place, statement.value];
    case "copy":
      return [statement.to, statement.from];
    case "zero":
      return [statement.place];
    case "if":
      return [statement.condition];
    case "repeat":
      return [statement.trips];
    case "drain":
      return inMap(statement.map);
    case "return":
      return statement.value === null ? [] : [statement.value];
    case "loop":
    case "block":
    case "break":
    case "continue":
      return [];
  }
}

const NO_BLOCKS: readonly Block[] = [];

/** Blocks directly inside a statement. */
export function blocksOf(statement: Statement): readonly Block[] {
  switch (statement.kind) {
    case "if":
      return [statement.then, statement.otherwise];
    case "switch":
      return [...statement.cases.map(({ body }) => body), statement.otherwise];
    case "loop":
    case "block":
    case "repeat":
    case "drain":
      return [statement.body];
    default:
      return NO_BLOCKS;
  }
}

/** Visits every statement of a block and of the blocks inside it, in order. */
export function walk(block: readonly Statement[], visit: (statement: Statement) => void): void {
  for (const statement of block) {
    visit(statement);
    for (const inner of blocksOf(statement)) walk(inner, visit);
  }
}

/** Whether a function may be left by a tail call. */
export function makesTailCall({ body }: { readonly body: Block }): boolean {
  let found = false;
  walk(body, (statement) => {
    found ||= statement.kind === "let" && statement.op.op === "tailCall";
  });
  return found;
}
