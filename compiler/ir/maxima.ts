/**
 * How large values can get, as the verifier will see for itself: because it follows from the very instructions that compute
 * them, or from what a variable was set to on each way here, since the verifier goes every way on its own.
 */
import type { Block, Op, Operand, Scalar, Statement } from "./ir.ts";
import { BITS } from "./ir.ts";
import { walk } from "./operands.ts";

export const typeMaximum = (type: Scalar): bigint => (1n << BigInt(BITS[type])) - 1n;
const smallest = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The most that each variable can hold at a point; one that is not there can hold anything. */
type Bounds = ReadonlyMap<number, bigint>;
/** `null`: the point is not reached. */
type Way = Bounds | null;

function meeting(a: Way, b: Way): Way {
  if (a === null || b === null) return a ?? b;
  const both = new Map<number, bigint>();
  for (const [variable, bound] of a) {
    const other = b.get(variable);
    if (other !== undefined) both.set(variable, largest(bound, other));
  }
  return both;
}

/** Variables set in a body; when it is a callback's, those read there too. */
export function touched(body: Block, callback: boolean): ReadonlySet<number> {
  const found = new Set<number>();
  walk(body, (statement) => {
    if (statement.kind === "set") found.add(statement.variable);
    if (callback && statement.kind === "let" && statement.op.op === "get") found.add(statement.op.variable);
  });
  return found;
}

/** Variables that callbacks read or set: they lie in memory that a function shares with its callbacks. */
export function sharedVariables(body: Block): ReadonlySet<number> {
  const shared = new Set<number>();
  walk(body, (statement) => {
    if (statement.kind === "repeat" || statement.kind === "drain")
      for (const one of touched(statement.body, true)) shared.add(one);
  });
  return shared;
}

class Maxima {
  readonly #temps = new Map<number, bigint>();
  readonly #shared: ReadonlySet<number>;
  readonly #exits = new Map<number, Way>();

  constructor(body: Block) {
    this.#shared = sharedVariables(body);
    this.#block(body, new Map());
  }

  of(operand: Operand): bigint {
    if (operand.kind === "constant") return operand.value < 0n ? typeMaximum(operand.type) : operand.value;
    if (operand.kind === "null" || operand.type === "packet" || operand.type === "pointer" || operand.type === "map")
      return 0n;
    const top = typeMaximum(operand.type);
    return smallest(this.#temps.get(operand.id) ?? top, top);
  }

  #block(block: Block, entry: Way): Way {
    return block.reduce((way, statement) => (way === null ? null : this.#statement(statement, way)), entry);
  }

  #statement(statement: Statement, way: Bounds): Way {
    switch (statement.kind) {
      case "let": {
        const { op, result } = statement;
        if (result === null || !isNumber(result.type)) return way;
        const bound = op.op === "get" ? way.get(op.variable) : this.#ofOp(op, result.type);
        if (bound !== undefined) this.#temps.set(result.id, bound);
        return way;
      }
      case "set": {
        const { variable, value } = statement;
        if (this.#shared.has(variable)) return way;
        return new Map(way).set(variable, this.of(value));
      }
      case "if":
        return meeting(this.#block(statement.then, way), this.#block(statement.otherwise, way));
      case "switch":
        return statement.cases.reduce(
          (end, { body }) => meeting(end, this.#block(body, way)),
          this.#block(statement.otherwise, way),
        );
      case "loop":
      case "block": {
        // What a loop sets, an earlier turn may have set already, to ever more.
        const entry = statement.kind === "loop" ? without(way, touched(statement.body, false)) : way;
        this.#exits.set(statement.label, null);
        const end = this.#block(statement.body, entry);
        const exit = this.#exits.get(statement.label) ?? null;
        return statement.kind === "loop" ? exit : meeting(exit, end);
      }
      case "repeat":
      case "drain":
        this.#block(statement.body, new Map());
        return way;
      case "break":
        this.#exits.set(statement.label, meeting(this.#exits.get(statement.label) ?? null, way));
        return null;
      case "continue":
      case "return":
        return null;
      case "store":
      case "copy":
      case "zero":
        return way;
    }
  }

  #ofOp(op: Op, type: Scalar): bigint {
    const top = typeMaximum(type);
    if (isSigned(type)) return top;
    switch (op.op) {
      case "binary":
        return this.#ofBinary(op);
      case "convert":
        return isSigned(op.from) ? top : smallest(top, this.of(op.a));
      case "select":
        return largest(this.of(op.a), this.of(op.b));
      case "load":
        return smallest(top, (1n << BigInt(op.bytes * 8)) - 1n);
      default:
        return top;
    }
  }

  #ofBinary(op: Extract<Op, { op: "binary" }>): bigint {
    const top = typeMaximum(op.type);
    const [a, b] = [this.of(op.a), this.of(op.b)];
    const within = (value: bigint): bigint => (value > top ? top : value);
    switch (op.operator) {
      case "add":
        return within(a + b);
      case "mul":
        return within(a * b);
      case "and":
        return smallest(a, b);
      case "or":
      case "xor":
        return (1n << BigInt(largest(a, b).toString(2).length)) - 1n;
      case "shl":
        return op.b.kind === "constant" ? within(a << (op.b.value % BigInt(BITS[op.type]))) : top;
      case "shr":
        // The verifier gives up on shifts by what it does not know, although the value cannot grow.
        return op.b.kind === "constant" ? a >> (op.b.value % BigInt(BITS[op.type])) : top;
      default:
        return top;
    }
  }
}

const isSigned = (type: Scalar): boolean => type === "i32" || type === "i64";
const isNumber = (type: string): type is Scalar => type in BITS;

function without(bounds: Bounds, variables: ReadonlySet<number>): Bounds {
  return new Map([...bounds].filter(([variable]) => !variables.has(variable)));
}

/** The largest value that each unsigned operand of a function can have. */
export function maximaOf(body: Block): (operand: Operand) => bigint {
  const maxima = new Maxima(body);
  return (operand) => maxima.of(operand);
}
