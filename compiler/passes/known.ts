/**
 * What is known is not asked again. Follows every way through a function and replaces
 * - a variable that is read by what it holds,
 * - a place in the packet, or a bounds test, by the one that was made before,
 * - a bounds test by its outcome, where a test that covers its bytes has come out true on every way here,
 * - a branch whose condition is known by the block that it takes: by what came out before, by a value that was compared,
 *   or by what another variable holds on the ways that lead here.
 */
import type { Block, IrFunction, Op, Operand, Statement, Temp } from "../ir/ir.ts";
import { walk } from "../ir/operands.ts";
import { covers, PacketKnowledge, withFacts } from "../ir/packet-facts.ts";
import { blockMovesPacket, movesPacket } from "./effects.ts";
import { FALSE, folded, TRUE } from "./fold.ts";
import { replaceInOp, replaceInStatement } from "./operands.ts";
import { meeting, Path } from "./path.ts";

type Region = Extract<Statement, { kind: "loop" | "block" | "repeat" | "drain" }>;
type Let = Extract<Statement, { kind: "let" }>;

/** Temps of the blocks around a point. Others may be assigned on every way there, but not where it can be seen. */
class Visible {
  readonly #temps: number[] = [];
  /** Where each stands in the list. */
  readonly #at = new Map<number, number>();

  get size(): number {
    return this.#temps.length;
  }

  add(id: number): void {
    if (this.#at.has(id)) return;
    this.#at.set(id, this.#temps.push(id) - 1);
  }

  /** Whether it is visible, and was already when there were no more than `size`. */
  has(id: number, size = this.size): boolean {
    const at = this.#at.get(id);
    return at !== undefined && at < size;
  }

  /** A block ends that began when there were `size`. */
  leave(size: number): void {
    for (const id of this.#temps.splice(size)) this.#at.delete(id);
  }
}

class Follower {
  readonly #packet: PacketKnowledge;
  readonly #renamed = new Map<number, Operand>();
  readonly #definitions = new Map<number, Op>();
  readonly #visible = new Visible();
  readonly #regions: { readonly label: number; readonly visible: number; exit: Path | null }[] = [];

  constructor(fn: IrFunction) {
    this.#packet = new PacketKnowledge(fn.body);
    for (const { id } of fn.parameters) this.#visible.add(id);
  }

  readonly rename = (operand: Operand): Operand =>
    operand.kind === "temp" ? (this.#renamed.get(operand.id) ?? operand) : operand;

  /** Writes the block anew into `out`; gives what is known at its end. */
  block(block: Block, entry: Path, out: Statement[]): Path | null {
    let path: Path | null = entry;
    for (const statement of block) {
      if (path === null) return null;
      path = this.#statement(replaceInStatement(statement, this.rename), path, out);
    }
    return path;
  }

  #inner(block: Block, entry: Path): { readonly body: Block; readonly end: Path | null } {
    const outer = this.#visible.size;
    const body: Statement[] = [];
    const end = this.block(block, entry, body);
    this.#visible.leave(outer);
    return { body, end: end?.within(({ id }) => this.#visible.has(id)) ?? null };
  }

  #statement(statement: Statement, path: Path, out: Statement[]): Path | null {
    switch (statement.kind) {
      case "let":
        return this.#let(statement, path, out);
      case "set": {
        const value = this.#decided(statement.value, path);
        path.flow.setVariable(statement.variable, withFacts(this.#packet.outcomes(value), path.flow.facts));
        path.setVariable(statement.variable, value);
        out.push({ ...statement, value });
        return path;
      }
      case "if": {
        const condition = this.#decided(statement.condition, path);
        if (condition.kind === "constant")
          return this.block(condition.value === 0n ? statement.otherwise : statement.then, path, out);
        const outcomes = this.#packet.outcomes(condition);
        const other = path.copy();
        other.flow.learn(outcomes.whenTrue ?? []);
        path.flow.learn(outcomes.whenFalse ?? []);
        this.#learnOutcome(condition, true, other);
        this.#learnOutcome(condition, false, path);
        const [then, otherwise] = [this.#inner(statement.then, other), this.#inner(statement.otherwise, path)];
        out.push({ ...statement, condition, then: then.body, otherwise: otherwise.body });
        return meeting(then.end, otherwise.end);
      }
      case "switch": {
        const cases = statement.cases.map((each) => ({ each, inner: this.#inner(each.body, path.copy()) }));
        const otherwise = this.#inner(statement.otherwise, path);
        const bodies = cases.map(({ each, inner }) => ({ ...each, body: inner.body }));
        out.push({ ...statement, cases: bodies, otherwise: otherwise.body });
        return cases.reduce((end, { inner }) => meeting(end, inner.end), otherwise.end);
      }
      case "loop":
      case "block":
      case "repeat":
      case "drain":
        return this.#region(statement, path, out);
      case "break": {
        const region = this.#regions.findLast(({ label }) => label === statement.label);
        out.push(statement);
        if (region !== undefined)
          region.exit = meeting(
            region.exit,
            path.within(({ id }) => this.#visible.has(id, region.visible)),
          );
        return null;
      }
      case "continue":
      case "return":
        out.push(statement);
        return null;
      case "store":
      case "copy":
      case "zero":
        out.push(statement);
        return path;
    }
  }

  #let(statement: Let, path: Path, out: Statement[]): Path {
    const { result } = statement;
    const op = this.#fromStart(statement.op, path);
    if (movesPacket(op)) path.forgetPacket();
    const known = result === null ? null : this.#knownResult(op, path);
    if (result !== null && known !== null) {
      this.#renamed.set(result.id, known);
      return path;
    }
    if (result !== null) this.#remember(result, op, path);
    out.push(op === statement.op ? statement : { ...statement, op });
    return path;
  }

  /** Fixed places are told from the first of them, so that tests of one speak of the others. */
  #fromStart(op: Op, { fixed }: Path): Op {
    if (op.op !== "packetAt" || op.offset.kind !== "constant" || fixed === null) return op;
    const bytes = Number(op.offset.value) - fixed.offset;
    return bytes < 0 || op.offset.value > LONGEST ? op : { op: "offset", type: "packet", a: fixed.place, bytes };
  }

  #knownResult(op: Op, path: Path): Operand | null {
    if (op.op === "get") return path.values.get(op.variable) ?? null;
    if (op.op === "offset" && op.bytes === 0) return op.a;
    if (op.op === "packetFits") {
      const range = this.#packet.range(op.place, 0, op.bytes);
      if (range !== null && covers(path.flow.facts, range)) return TRUE;
    }
    const key = keyOf(op);
    return folded(told(op, path)) ?? (key === null ? null : (path.results.get(key) ?? null));
  }

  /** What a condition's outcome tells: the value that was compared, or what else holds on the ways that lead here. */
  #learnOutcome(condition: Operand, outcome: boolean, path: Path): void {
    const op = condition.kind === "temp" ? this.#definitions.get(condition.id) : undefined;
    if (condition.kind === "temp") path.equal.set(condition.id, outcome ? 1n : 0n);
    if (op?.op === "not") this.#learnOutcome(op.a, !outcome, path);
    const held = op?.op === "get" ? path.values.get(op.variable) : undefined;
    if (op?.op === "get" && held?.kind === "temp" && condition.kind === "temp" && held.id === condition.id)
      path.learnVariable(op.variable, outcome ? TRUE : FALSE);
    if (op?.op !== "compare" || op.operator !== (outcome ? "eq" : "ne")) return;
    const [value, constant] = op.a.kind === "constant" ? [op.b, op.a] : [op.a, op.b];
    if (value.kind === "temp" && constant.kind === "constant") path.equal.set(value.id, constant.value);
  }

  #remember(result: Temp, op: Op, path: Path): void {
    this.#visible.add(result.id);
    this.#definitions.set(result.id, op);
    this.#packet.learn(result, op, (id) => path.flow.variable(id));
    if (op.op === "get") path.values.set(op.variable, result);
    const key = keyOf(op);
    if (key !== null) path.results.set(key, result);
    if (op.op === "packetAt" && op.offset.kind === "constant" && op.offset.value <= LONGEST && path.fixed === null)
      path.fixed = { place: result, offset: Number(op.offset.value) };
  }

  /** A condition as a constant where a test made since has decided it. */
  #decided(asked: Operand, path: Path): Operand {
    const operand = path.told(asked);
    const op = operand.kind === "temp" && operand.type === "bool" ? this.#definitions.get(operand.id) : undefined;
    if (op?.op === "packetFits") {
      const range = this.#packet.range(op.place, 0, op.bytes);
      return range !== null && covers(path.flow.facts, range) ? TRUE : operand;
    }
    if (op?.op !== "not") return operand;
    return folded({ op: "not", a: this.#decided(op.a, path) }) ?? operand;
  }

  #region(statement: Region, path: Path, out: Statement[]): Path | null {
    const callback = statement.kind === "repeat" || statement.kind === "drain";
    if (statement.kind !== "block") {
      // What a body does, an earlier turn may have done already.
      walk(statement.body, (inner) => {
        if (inner.kind === "set") path.forgetVariable(inner.variable);
      });
      if (blockMovesPacket(statement.body)) path.forgetPacket();
    }
    const region = { label: statement.label, visible: this.#visible.size, exit: null };
    this.#regions.push(region);
    const { body, end } = this.#inner(statement.body, callback ? new Path() : path.copy());
    this.#regions.pop();
    out.push({ ...statement, body });
    if (statement.kind === "drain" && statement.result !== null) this.#visible.add(statement.result.id);
    // A callback may run no times at all, and a loop is left by its breaks only.
    if (callback) return path;
    return statement.kind === "loop" ? region.exit : meeting(region.exit, end);
  }
}

/** Offsets beyond can be in no packet (ir.ts); only `packetAt` knows how to say so. */
const LONGEST = 16_383n;

/** A comparison with the values put in that others have told; nothing else gets simpler by them. */
const told = (op: Op, path: Path): Op => (op.op === "compare" ? replaceInOp(op, (operand) => path.told(operand)) : op);

/** What makes two questions about the packet the same. */
function keyOf(op: Op): string | null {
  if (op.op === "packetAt" && op.offset.kind === "temp") return `at ${op.offset.id}`;
  if (op.op === "packetFits" && op.place.kind === "temp") return `fits ${op.place.id} ${op.bytes}`;
  if (op.op === "offset" && op.type === "packet" && op.a.kind === "temp") return `offset ${op.a.id} ${op.bytes}`;
  if (op.op === "packetLength") return "length";
  return null;
}

/** Whether a place in the packet is asked whether it is one; the front end keeps that in a variable of its own. */
function asksForPlaces(body: Block): boolean {
  let asks = false;
  walk(body, (statement) => {
    if (statement.kind === "let" && statement.op.op === "isNull" && statement.op.a.type === "packet") asks = true;
  });
  return asks;
}

/** The function with everything known put in. What nobody needs any more is left for `removeDead`. */
export function useKnown<F extends IrFunction>(fn: F): F {
  const body: Statement[] = [];
  const follower = new Follower(fn);
  const entry = new Path();
  if (!asksForPlaces(fn.body)) for (const { id, type } of fn.variables) if (type === "packet") entry.empty.add(id);
  follower.block(fn.body, entry, body);
  return { ...fn, body };
}
