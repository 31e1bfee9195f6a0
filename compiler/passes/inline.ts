/** Puts what functions do where they are called. */
import type { Block, IrFunction, Op, Operand, Place, Slot, Statement, Temp, Variable } from "../ir/ir.ts";
import { blocksOf, walk } from "../ir/operands.ts";
import { replaceBlocks, replaceInStatement } from "./operands.ts";

type Call = Extract<Op, { op: "call" }>;
type Let = Extract<Statement, { kind: "let" }>;

/** Numbers that a function has not used yet. */
interface Fresh {
  temp: number;
  variable: number;
  slot: number;
  label: number;
}

function freshOf(fn: IrFunction): Fresh {
  const fresh = { temp: 0, variable: 0, slot: 0, label: 0 };
  const above = (next: number, used: number): number => Math.max(next, used + 1);
  for (const { id } of fn.parameters) fresh.temp = above(fresh.temp, id);
  for (const { id } of fn.variables) fresh.variable = above(fresh.variable, id);
  for (const { id } of fn.slots) fresh.slot = above(fresh.slot, id);
  walk(fn.body, (statement) => {
    if ("result" in statement && statement.result !== null) fresh.temp = above(fresh.temp, statement.result.id);
    if (statement.kind === "repeat") fresh.temp = above(fresh.temp, statement.index.id);
    if ("label" in statement) fresh.label = above(fresh.label, statement.label);
  });
  return fresh;
}

const zeroOf = (type: Variable["type"]): Operand =>
  type === "packet" || type === "pointer" || type === "map"
    ? { kind: "null", type }
    : { kind: "constant", type, value: 0n };

/** One copy of a callee in its caller: everything in it has a number of its own. */
class Copy {
  readonly variables: Variable[] = [];
  readonly slots: Slot[] = [];
  readonly #operands = new Map<number, Operand>();
  readonly #variables = new Map<number, number>();
  readonly #slots = new Map<number, number>();
  readonly #labels = new Map<number, number>();
  readonly #fresh: Fresh;
  readonly #end: number;
  readonly #result: Variable | null;

  constructor(callee: IrFunction, call: Call, fresh: Fresh) {
    this.#fresh = fresh;
    callee.parameters.forEach((parameter, i) => {
      const value = call.values[i];
      if (value !== undefined) this.#operands.set(parameter.id, value);
    });
    for (const variable of callee.variables) {
      const id = fresh.variable++;
      this.#variables.set(variable.id, id);
      this.variables.push({ ...variable, id });
    }
    for (const slot of callee.slots) {
      const id = fresh.slot++;
      this.#slots.set(slot.id, id);
      this.slots.push({ ...slot, id });
    }
    this.#end = fresh.label++;
    this.#result = callee.result === null ? null : { id: fresh.variable++, type: callee.result, name: callee.name };
    if (this.#result !== null) this.variables.push(this.#result);
  }

  /** The statements that stand in for the call. Variables begin at zero each time. */
  statements(callee: IrFunction, { result, at }: Let): Block {
    const start = this.variables.map(
      (variable): Statement => ({
        kind: "set",
        variable: variable.id,
        value: zeroOf(variable.type),
        at,
      }),
    );
    const body = this.#block(callee.body);
    const given: Block =
      result === null || this.#result === null
        ? []
        : [{ kind: "let", result, op: { op: "get", variable: this.#result.id, type: this.#result.type }, at }];
    return [...start, { kind: "block", label: this.#end, body, at }, ...given];
  }

  #temp(temp: Temp): Temp {
    const renamed = { ...temp, id: this.#fresh.temp++ };
    this.#operands.set(temp.id, renamed);
    return renamed;
  }

  #label(label: number): number {
    const known = this.#labels.get(label) ?? this.#fresh.label++;
    this.#labels.set(label, known);
    return known;
  }

  readonly #rename = (operand: Operand): Operand =>
    operand.kind === "temp" ? (this.#operands.get(operand.id) ?? operand) : operand;

  #block(block: Block): Block {
    return block.flatMap((statement) => this.#statement(replaceInStatement(statement, this.#rename)));
  }

  #return(value: Operand | null, at: Place): Statement[] {
    const leave: Statement = { kind: "break", label: this.#end, at };
    if (value === null || this.#result === null) return [leave];
    return [{ kind: "set", variable: this.#result.id, value, at }, leave];
  }

  #statement(statement: Statement): Statement[] {
    switch (statement.kind) {
      case "return":
        return this.#return(statement.value, statement.at);
      case "let": {
        const op = this.#op(statement.op);
        return [{ ...statement, op, result: statement.result === null ? null : this.#temp(statement.result) }];
      }
      case "set":
        return [{ ...statement, variable: this.#variables.get(statement.variable) ?? statement.variable }];
      case "loop": {
        const counter = statement.counter === null ? null : (this.#variables.get(statement.counter) ?? null);
        return [{ ...statement, counter, label: this.#label(statement.label), body: this.#block(statement.body) }];
      }
      case "block":
        return [{ ...statement, label: this.#label(statement.label), body: this.#block(statement.body) }];
      case "repeat": {
        const index = this.#temp(statement.index);
        return [{ ...statement, index, label: this.#label(statement.label), body: this.#block(statement.body) }];
      }
      case "drain": {
        const slot = this.#slots.get(statement.slot) ?? statement.slot;
        const body = this.#block(statement.body);
        const result = statement.result === null ? null : this.#temp(statement.result);
        return [{ ...statement, slot, result, label: this.#label(statement.label), body }];
      }
      case "break":
      case "continue":
        return [{ ...statement, label: this.#label(statement.label) }];
      default:
        return [replaceBlocks(statement, (inner) => this.#block(inner))];
    }
  }

  #op(op: Op): Op {
    if (op.op === "get") return { ...op, variable: this.#variables.get(op.variable) ?? op.variable };
    if (op.op === "slot") return { ...op, slot: this.#slots.get(op.slot) ?? op.slot };
    return op;
  }
}

/** The caller with every call of the function numbered `index` replaced by what that does. */
export function inlined<F extends IrFunction>(caller: F, index: number, callee: IrFunction): F {
  const fresh = freshOf(caller);
  const variables = [...caller.variables];
  const slots = [...caller.slots];
  const visit = (block: Block): Block =>
    block.flatMap((statement): readonly Statement[] => {
      if (statement.kind === "let" && statement.op.op === "call" && statement.op.function === index) {
        const copy = new Copy(callee, statement.op, fresh);
        variables.push(...copy.variables);
        slots.push(...copy.slots);
        return copy.statements(callee, statement);
      }
      return blocksOf(statement).length === 0 ? [statement] : [replaceBlocks(statement, visit)];
    });
  const body = visit(caller.body);
  return { ...caller, body, variables, slots };
}
