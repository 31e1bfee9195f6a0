/**
 * One bounds test for several accesses. Where a packet that fails a first test is treated just as one that fails a second,
 * later one, and nothing that anyone could notice happens between them, the first may ask for the bytes of both at once:
 * the second is then known (`useKnown` takes it away).
 *
 * "Treated the same" is judged by the text of the two exits; between them may stand values, reads, and branches that leave
 * by that very exit.
 */
import type { Block, IrFunction, Op, Operand, Statement } from "../ir/ir.ts";
import { statementOperands, walk } from "../ir/operands.ts";
import { isSilent } from "./effects.ts";
import { leaves, replaceBlocks } from "./operands.ts";

type If = Extract<Statement, { kind: "if" }>;

/** Bytes [from, to) after the `packetAt` result `root` are asked for; `fits` is the test's result. */
interface Test {
  readonly fits: number;
  readonly root: number;
  readonly from: number;
  readonly to: number;
}

/** A test, what becomes of a packet that fails it, and of one that passes. */
interface Guard {
  readonly test: Test;
  readonly exit: Block;
  readonly pass: Block;
}

/** Exits are compared as they are written, without their places in the source. */
const textOf = (block: Block): string =>
  JSON.stringify(block, (key, value) => (key === "at" ? undefined : typeof value === "bigint" ? `${value}` : value));

/** Assignments of constants, and then away: an exit whose effect its text tells. */
const isPlain = (exit: Block): boolean =>
  exit.length > 0 &&
  exit.every(
    (statement) =>
      (statement.kind === "set" && statement.value.kind !== "temp") ||
      statement.kind === "break" ||
      (statement.kind === "return" && statement.value?.kind !== "temp"),
  );

class Widening {
  readonly #definitions = new Map<number, Op>();
  readonly #uses = new Map<number, number>();
  /** New sizes of tests, by result. */
  readonly wider = new Map<number, number>();

  constructor(body: Block) {
    walk(body, (statement) => {
      for (const operand of statementOperands(statement))
        if (operand.kind === "temp") this.#uses.set(operand.id, (this.#uses.get(operand.id) ?? 0) + 1);
      if (statement.kind === "let" && statement.result !== null)
        this.#definitions.set(statement.result.id, statement.op);
    });
  }

  #op(operand: Operand): Op | undefined {
    return operand.kind === "temp" ? this.#definitions.get(operand.id) : undefined;
  }

  #test(condition: Operand): Test | null {
    const op = this.#op(condition);
    if (op?.op !== "packetFits" || condition.kind !== "temp") return null;
    let [place, from] = [op.place, 0];
    for (let step = this.#op(place); step?.op === "offset"; step = this.#op(place)) {
      from += step.bytes;
      place = step.a;
    }
    return place.kind === "temp" ? { fits: condition.id, root: place.id, from, to: from + op.bytes } : null;
  }

  #guard(statement: If): Guard | null {
    const op = this.#op(statement.condition);
    const test = this.#test(op?.op === "not" ? op.a : statement.condition);
    if (test === null) return null;
    return op?.op === "not"
      ? { test, exit: statement.then, pass: statement.otherwise }
      : { test, exit: statement.otherwise, pass: statement.then };
  }

  /** `x || y` puts into a variable what a guard's exit puts there too when the test fails. */
  #stored({ variable, value }: Extract<Statement, { kind: "set" }>, exit: Block): Test | null {
    const [put] = exit;
    if (exit.length !== 1 || put?.kind !== "set" || put.variable !== variable) return null;
    const op = this.#op(value);
    const failed = op?.op === "not" ? 1n : 0n;
    if (put.value.kind !== "constant" || put.value.value !== failed) return null;
    return this.#test(op?.op === "not" ? op.a : value);
  }

  /** Only the guard itself looks at the outcome, at most through one `not`. */
  #onlyHere({ condition }: If, { fits }: Test): boolean {
    return condition.kind === "temp" && this.#uses.get(fits) === 1 && this.#uses.get(condition.id) === 1;
  }

  /** Looks at every guard of a block. */
  block(block: Block): void {
    block.forEach((statement, index) => {
      if (statement.kind === "if") this.#consider(statement, block.slice(index + 1));
    });
  }

  #consider(statement: If, after: Block): void {
    const guard = this.#guard(statement);
    if (guard === null || !isPlain(guard.exit) || !this.#onlyHere(statement, guard.test)) return;
    const away = leaves(guard.exit);
    const to = this.#reach(away ? [...guard.pass, ...after] : guard.pass, guard, textOf(guard.exit), away);
    if (to > guard.test.to) this.wider.set(guard.test.fits, to - guard.test.from);
  }

  /** How far into the packet the tests reach that share the guard's exit. `away`: the exit leaves, rather than joining. */
  #reach(block: Block, guard: Guard, exit: string, away: boolean): number {
    let to = guard.test.to;
    for (const [index, statement] of block.entries()) {
      if (statement.kind === "let" && isSilent(statement.op)) continue;
      const last = statement.kind === "set" && index === block.length - 1 ? this.#stored(statement, guard.exit) : null;
      if (last !== null && last.root === guard.test.root && last.from >= guard.test.from) return Math.max(to, last.to);
      // Of a function that is left by a return, nobody sees the variables any more.
      if (statement.kind === "set" && guard.exit.at(-1)?.kind === "return") continue;
      // An exit that joins what follows must have nothing before it that the other exit would not have.
      if (statement.kind !== "if" || !(away || index === block.length - 1)) return to;
      const inner = this.#guard(statement);
      const same = inner !== null && textOf(inner.exit) === exit;
      if (same && inner.test.root === guard.test.root && inner.test.from >= guard.test.from)
        to = Math.max(to, inner.test.to);
      const pass = same ? inner.pass : textOf(statement.then) === exit ? statement.otherwise : null;
      if (pass === null) return to;
      return Math.max(to, this.#reach(away ? [...pass, ...block.slice(index + 1)] : pass, guard, exit, away));
    }
    return to;
  }
}

function widened(block: Block, wider: ReadonlyMap<number, number>): Block {
  return block.map((statement) => {
    if (statement.kind !== "let" || statement.op.op !== "packetFits" || statement.result === null)
      return replaceBlocks(statement, (inner) => widened(inner, wider));
    const bytes = wider.get(statement.result.id);
    return bytes === undefined ? statement : { ...statement, op: { ...statement.op, bytes } };
  });
}

export function widenChecks<F extends IrFunction>(fn: F): F {
  const widening = new Widening(fn.body);
  const visit = (block: Block): Block => {
    widening.block(block);
    for (const statement of block) replaceBlocks(statement, visit);
    return block;
  };
  visit(fn.body);
  return widening.wider.size === 0 ? fn : { ...fn, body: widened(fn.body, widening.wider) };
}
