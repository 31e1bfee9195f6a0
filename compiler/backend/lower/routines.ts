/**
 * The functions of the object: a module's programs and functions, and one callback for the body of each `repeat` and
 * `drain`, which the kernel calls. A callback sees its surroundings through a block of memory on the caller's stack.
 */
import type {
  Block,
  IrFunction,
  IrProgram,
  IrType,
  Module,
  Place,
  Slot,
  Statement,
  Temp,
  Variable,
} from "../../ir/ir.ts";
import { makesTailCall, statementOperands } from "../../ir/operands.ts";
import { privateVariables } from "./private-variables.ts";
import { opOf, statements } from "./walk.ts";

export type CallbackStatement = Extract<Statement, { kind: "repeat" | "drain" }>;

/** What a callback uses of the routine around it. */
export interface Captures {
  readonly temps: readonly Temp[];
  readonly variables: readonly Variable[];
  readonly slots: readonly Slot[];
  /** Ids of the captured variables that the callback may change. */
  readonly written: ReadonlySet<number>;
}

export interface Routine {
  readonly name: string;
  readonly kind: "program" | "function" | "callback";
  /** ELF section of a program. */
  readonly section: string | null;
  readonly parameters: readonly Temp[];
  readonly result: IrType | null;
  /** Variables and slots that live in this routine. */
  readonly variables: readonly Variable[];
  readonly slots: readonly Slot[];
  readonly body: Block;
  readonly at: Place;
  readonly alone: boolean;
  /** Of a callback. */
  readonly callback: { readonly statement: CallbackStatement; readonly captures: Captures } | null;
}

export interface Routines {
  readonly all: readonly Routine[];
  readonly programs: readonly Routine[];
  /** By index in Module.functions. */
  readonly functions: readonly Routine[];
  readonly callbacks: ReadonlyMap<Statement, Routine>;
}

function capturesOf(statement: CallbackStatement, around: IrFunction, own: ReadonlySet<number>): Captures {
  const inside = statements(statement.body);
  const defined = new Set<number>();
  if (statement.kind === "repeat") defined.add(statement.index.id);
  const temps = new Map<number, Temp>();
  const variables = new Set<number>();
  const written = new Set<number>();
  const slots = new Set<number>(statement.kind === "drain" ? [statement.slot] : []);
  for (const one of inside) {
    if ("result" in one && one.result !== null) defined.add(one.result.id);
    if (one.kind === "repeat") defined.add(one.index.id);
    if (one.kind === "drain") slots.add(one.slot);
    if (one.kind === "set") {
      variables.add(one.variable);
      written.add(one.variable);
    }
    const op = opOf(one);
    if (op?.op === "get") variables.add(op.variable);
    if (op?.op === "slot") slots.add(op.slot);
    for (const operand of statementOperands(one)) if (operand.kind === "temp") temps.set(operand.id, operand);
  }
  return {
    temps: [...temps.values()].filter((temp) => !defined.has(temp.id)),
    variables: around.variables.filter(({ id }) => variables.has(id) && !own.has(id)),
    slots: around.slots.filter((slot) => slots.has(slot.id)),
    written,
  };
}

function callbacksOf(around: IrFunction): readonly (readonly [CallbackStatement, Routine])[] {
  const out: [CallbackStatement, Routine][] = [];
  for (const statement of statements(around.body)) {
    if (statement.kind !== "repeat" && statement.kind !== "drain") continue;
    const own = privateVariables(statement, around);
    const routine: Routine = {
      name: `${around.name}_${statement.kind}${out.length}`,
      kind: "callback",
      section: null,
      parameters: [],
      result: null,
      variables: around.variables.filter(({ id }) => own.has(id)),
      slots: [],
      body: statement.body,
      at: statement.at,
      alone: false,
      callback: { statement, captures: capturesOf(statement, around, own) },
    };
    out.push([statement, routine]);
  }
  return out;
}

export function routinesOf(module: Module): Routines {
  const plain = (kind: "program" | "function", from: IrFunction, section: string | null): Routine => ({
    name: from.name,
    kind,
    section,
    parameters: from.parameters,
    // The kernel lets only functions that give a number make tail calls.
    result: kind === "function" && makesTailCall(from) ? (from.result ?? "i32") : from.result,
    variables: from.variables,
    slots: from.slots,
    body: from.body,
    at: from.at,
    alone: from.alone === true,
    callback: null,
  });
  const programs = module.programs.map((program: IrProgram) => plain("program", program, program.section));
  const functions = module.functions.map((one) => plain("function", one, null));
  const callbacks = new Map<Statement, Routine>();
  for (const around of [...module.programs, ...module.functions]) {
    for (const [statement, routine] of callbacksOf(around)) callbacks.set(statement, routine);
  }
  return { all: [...programs, ...functions, ...callbacks.values()], programs, functions, callbacks };
}
