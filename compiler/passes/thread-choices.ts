/**
 * What one side of a branch has decided is not asked again behind it. `a || b`, `x ? header : null` and their like put true
 * or false into a variable on one side, and a later branch asks for it:
 *
 *     if a { set v, true } else { …; set v, b }          if a { exit } else { …; if b { exit } }
 *     if v { exit }
 *
 * The few statements up to that later branch are written into both sides, where `useKnown` then sees the outcome. Only
 * what happens unnoticed is written twice: values, reads, variables, and branches between them.
 */
import type { Block, IrFunction, Operand, Statement, Temp } from "../ir/ir.ts";
import { blocksOf, statementOperands, walk } from "../ir/operands.ts";
import { isSilent } from "./effects.ts";
import { greatestTemp, leaves, replaceBlocks, replaceInStatement } from "./operands.ts";

/** Statements that may be written twice for one branch: more would cost more than the questions they save. */
const MOST_COPIED = 20;
/** Of what the later branch does: an exit, or another variable. */
const MOST_TWICE = 3;

type If = Extract<Statement, { kind: "if" }>;

/** Truth, where a block decides it; null where it is a value of the block, which can be asked for itself there. */
type Outcome = boolean | null;

/** What a block leaves in the truth variables that it sets. */
function outcomesOf(block: Block): Map<number, Outcome> {
  const outcomes = new Map<number, Outcome>();
  for (const statement of block) {
    if (statement.kind === "set" && statement.value.kind !== "null" && statement.value.type === "bool")
      outcomes.set(statement.variable, statement.value.kind === "constant" ? statement.value.value !== 0n : null);
    if (statement.kind !== "if") continue;
    const [then, otherwise] = [outcomesOf(statement.then), outcomesOf(statement.otherwise)];
    for (const variable of [...then.keys(), ...otherwise.keys()]) {
      if (then.has(variable) && otherwise.has(variable)) outcomes.set(variable, null);
      else outcomes.delete(variable);
    }
  }
  return outcomes;
}

/** How many statements a block has, with all inside it; Infinity when one of them must not be written twice, or they are too many. */
function costOf(block: Block): number {
  let cost = 0;
  for (const statement of block) {
    if (!canCopy(statement) || cost > MOST_COPIED) return Number.POSITIVE_INFINITY;
    cost += 1;
    for (const inner of blocksOf(statement)) cost += costOf(inner);
  }
  return cost;
}

function canCopy(statement: Statement): boolean {
  switch (statement.kind) {
    case "let":
      return isSilent(statement.op);
    case "set":
    case "if":
    case "break":
    case "continue":
    case "return":
      return true;
    default:
      return false;
  }
}

/** What the two sides of a branch leave in a variable; undefined where one of them does not touch it. */
type Decision = readonly [Outcome | undefined, Outcome | undefined];

function decisions(branch: If): Map<number, Decision> {
  if (leaves(branch.then) || leaves(branch.otherwise)) return new Map();
  const [then, otherwise] = [outcomesOf(branch.then), outcomesOf(branch.otherwise)];
  const both = [...then.keys(), ...otherwise.keys()].map(
    (variable) => [variable, [then.get(variable), otherwise.get(variable)]] as const,
  );
  return new Map(both.filter(([, [a, b]]) => typeof a === "boolean" || typeof b === "boolean" || a === b));
}

/** The statements of a later branch that would be written twice if it were written into both sides. */
function writtenTwice(later: If, decision: Decision, opposite: boolean): number {
  const [then, otherwise] = [costOf(later.then), costOf(later.otherwise)];
  const taken = (outcome: Outcome | undefined): number =>
    typeof outcome !== "boolean" ? then + otherwise : outcome !== opposite ? then : otherwise;
  return taken(decision[0]) + taken(decision[1]) - then - otherwise;
}

/** A temp that holds a decided variable, or its opposite. */
interface Holder {
  readonly variable: number;
  readonly opposite: boolean;
}

/** How many statements behind a branch lie up to the last one that it has decided; 0 when there is none near. */
function reachOf(branch: If, after: Block): number {
  const decided = decisions(branch);
  if (decided.size === 0) return 0;
  const holders = new Map<number, Holder>();
  const held = (operand: Operand): Holder | undefined => {
    const holder = operand.kind === "temp" ? holders.get(operand.id) : undefined;
    return holder !== undefined && decided.has(holder.variable) ? holder : undefined;
  };
  let reach = 0;
  let cost = 0;
  for (const [index, statement] of after.entries()) {
    if (statement.kind === "let" && statement.result !== null) {
      const { op, result } = statement;
      if (op.op === "get" && decided.has(op.variable))
        holders.set(result.id, { variable: op.variable, opposite: false });
      const turned = op.op === "not" ? held(op.a) : undefined;
      if (turned !== undefined) holders.set(result.id, { ...turned, opposite: !turned.opposite });
    }
    const holder = statement.kind === "if" ? held(statement.condition) : undefined;
    if (statement.kind === "if" && holder !== undefined) {
      const decision = decided.get(holder.variable) ?? [undefined, undefined];
      if (writtenTwice(statement, decision, holder.opposite) > MOST_TWICE) break;
      cost += costOf([...statement.then, ...statement.otherwise]);
      if (cost > MOST_COPIED) break;
      reach = index + 1;
    } else cost += costOf([statement]);
    if (cost > MOST_COPIED) break;
    walk([statement], (inner) => {
      if (inner.kind === "set") decided.delete(inner.variable);
    });
  }
  return reach;
}

class Threading {
  #next: number;
  changed = false;

  constructor(fn: IrFunction) {
    this.#next = greatestTemp(fn) + 1;
  }

  block(block: Block): Block {
    const out: Statement[] = [];
    let rest = block;
    for (let index = 0; ; index++) {
      const first = rest[index];
      if (first === undefined) return out;
      // Of a loop, the kernel's verifier goes every way through every turn: more ways would be very many more.
      const statement = first.kind === "loop" ? first : replaceBlocks(first, (inner) => this.block(inner));
      const after = statement.kind === "if" ? rest.slice(index + 1) : [];
      const reach = statement.kind === "if" ? reachOf(statement, after) : 0;
      const asked = statement.kind === "if" && reach > 0 ? this.#again(after, reach) : null;
      if (statement.kind !== "if" || asked === null) out.push(statement);
      else {
        this.changed = true;
        const then = leaves(statement.then) ? statement.then : [...statement.then, ...after.slice(0, reach)];
        const otherwise = leaves(statement.otherwise)
          ? statement.otherwise
          : [...statement.otherwise, ...this.#copy(after.slice(0, reach), new Map())];
        out.push({ ...statement, then, otherwise });
        rest = asked;
        index = -1;
      }
    }
  }

  /** The same statements with names of their own for what they compute. */
  #copy(block: Block, names: Map<number, Temp>): Block {
    const rename = (operand: Operand): Operand =>
      operand.kind === "temp" ? (names.get(operand.id) ?? operand) : operand;
    return block.map((statement) => {
      const renamed = replaceInStatement(statement, rename);
      if (renamed.kind === "let" && renamed.result !== null) {
        const result = { ...renamed.result, id: this.#next++ };
        names.set(renamed.result.id, result);
        return { ...renamed, result };
      }
      return replaceBlocks(renamed, (inner) => this.#copy(inner, names));
    });
  }

  /**
   * What follows the statements that move into the branch, with the values that it takes from them computed again; null
   * where they would not come out the same, or are tests of the packet, which must be known where they were made.
   */
  #again(after: Block, reach: number): Block | null {
    const moved = after.slice(0, reach);
    const rest = after.slice(reach);
    const defined = new Map<number, Extract<Statement, { kind: "let" }> | null>();
    const setInside = new Set<number>();
    walk(moved, (statement) => {
      if (statement.kind === "let" && statement.result !== null) defined.set(statement.result.id, null);
      if (statement.kind === "set") setInside.add(statement.variable);
    });
    for (const statement of moved)
      if (statement.kind === "let" && statement.result !== null) defined.set(statement.result.id, statement);
    const needed = new Set<number>();
    let possible = true;
    const need = (operand: Operand): void => {
      if (operand.kind !== "temp" || !defined.has(operand.id) || needed.has(operand.id)) return;
      const statement = defined.get(operand.id) ?? null;
      const op = statement?.op;
      if (statement === null || op === undefined || op.op === "packetAt" || op.op === "packetFits") possible = false;
      else if (op.op === "get" && setInside.has(op.variable) && !this.#readLast(moved, statement)) possible = false;
      else {
        needed.add(operand.id);
        for (const one of statementOperands(statement)) need(one);
      }
    };
    walk(rest, (statement) => {
      for (const operand of statementOperands(statement)) need(operand);
    });
    if (!possible) return null;
    const names = new Map<number, Temp>();
    const once = moved.filter(
      (statement) => statement.kind === "let" && statement.result !== null && needed.has(statement.result.id),
    );
    const again = this.#copy(once, names);
    return [...again, ...this.#renamed(rest, names)];
  }

  /** Whether nothing behind a statement sets the variable that it reads. */
  #readLast(moved: Block, reading: Statement): boolean {
    if (reading.kind !== "let" || reading.op.op !== "get") return false;
    const { variable } = reading.op;
    let last = true;
    walk(moved.slice(moved.indexOf(reading) + 1), (statement) => {
      if (statement.kind === "set" && statement.variable === variable) last = false;
    });
    return last;
  }

  #renamed(block: Block, names: ReadonlyMap<number, Temp>): Block {
    const rename = (operand: Operand): Operand =>
      operand.kind === "temp" ? (names.get(operand.id) ?? operand) : operand;
    return block.map((statement) =>
      replaceBlocks(replaceInStatement(statement, rename), (inner) => this.#renamed(inner, names)),
    );
  }
}

/** One step; what it leaves is worth looking at again when `useKnown` has gone over it. Null when there is nothing to do. */
export function threadChoices<F extends IrFunction>(fn: F): F | null {
  const threading = new Threading(fn);
  const body = threading.block(fn.body);
  return threading.changed ? { ...fn, body } : null;
}
