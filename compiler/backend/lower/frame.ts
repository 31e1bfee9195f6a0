/** What lowering knows while it works on one routine. */

import { roundUp } from "../../../sdk/layout/data.ts";
import type { Cpu } from "../../api.ts";
import type { Problem, Span } from "../../diagnostics/problem.ts";
import type { IrType, Module, Operand, Place } from "../../ir/ir.ts";
import type { IntegerType, IrBuilder, Label, LlvmType, Value } from "../builder.ts";
import type { EffectsOf } from "./effects.ts";
import type { Facts } from "./facts.ts";
import type { Forgetting } from "./forgetting.ts";
import type { Lifetimes } from "./lifetimes.ts";
import type { Routine, Routines } from "./routines.ts";
import { llvmType, type Signature } from "./signature.ts";

export interface Target {
  readonly cpu: Cpu;
  readonly alignment: "natural" | "strict";
  /** Major version of the LLVM that will read the module. */
  readonly llvm: number;
}

/** What is the same for all routines of a module. */
export interface Lowering {
  readonly module: Module;
  readonly builder: IrBuilder;
  readonly target: Target;
  readonly routines: Routines;
  readonly effectsOf: EffectsOf;
  readonly signatureOf: (routine: Routine) => Signature;
  readonly report: (problem: Problem) => void;
}

/** Where a variable lives: memory with an alignment. */
export interface Home {
  readonly pointer: Value;
  readonly type: IrType;
  readonly align: number;
}

/** Where `break` and `continue` of a label go; callbacks return instead. */
export interface Exits {
  readonly leave: () => void;
  readonly again: () => void;
}

export interface Frame extends Lowering {
  readonly routine: Routine;
  readonly facts: Facts;
  readonly temps: Map<number, Value>;
  readonly homes: Map<number, Home>;
  readonly slots: Map<number, Value>;
  readonly labels: Map<number, Exits>;
  readonly lifetimes: Lifetimes;
  readonly forgetting: Forgetting;
  /** A zero that the verifier does not know, where values are forgotten: in callbacks, and in and before loops. */
  zero: Value | null;
  /** Memory to make it in, in routines that forget anything; made in the entry block. */
  zeroWord: Value | null;
  /** Memory handed to callbacks and to calls with many parameters, and for turns of loops; made in the entry block. */
  readonly blocks: Map<unknown, Value>;
  /** `struct xdp_md`, where the routine has it. */
  context: Value | null;
  /** Memory that holds the packet's first byte's address and the one after its last. */
  packet: { readonly start: Value; readonly end: Value } | null;
  /** Where a 128-bit result goes. */
  resultPointer: Value | null;
  /** Memory for the result, and the one block that returns it: LLVM orders blocks better so than with many returns. */
  result: Value | null;
  exit: Label | null;
  /** What a callback has kept to itself, and puts back into its block when it ends. */
  readonly handedBack: { readonly from: Home; readonly to: Home }[];
  /** False after a jump or return, until a block is entered that something jumps to. */
  reachable: boolean;
  at: Place;
}

export const spanOf = (module: Module, at: Place): Span => ({
  file: module.files[at.file]?.path ?? "",
  line: at.line,
  column: at.column,
  endLine: at.line,
  endColumn: at.column + 1,
});

const bug = (what: string): never => {
  throw new Error(`malformed IR: ${what}`);
};

export function valueFor(frame: Frame, operand: Operand): Value {
  switch (operand.kind) {
    case "constant":
      return frame.builder.constant(llvmType(operand.type) as IntegerType, operand.value);
    case "null":
      return frame.builder.nullPointer();
    case "temp":
      return (
        frame.temps.get(operand.id) ??
        bug(`${frame.routine.name} uses %${operand.id} (${operand.name}) before it is defined`)
      );
  }
}

export const contextOf = (frame: Frame): Value => frame.context ?? bug(`${frame.routine.name} has no context`);

export function packetOf(frame: Frame): { readonly start: Value; readonly end: Value } {
  const { builder } = frame;
  if (frame.packet === null) return bug(`${frame.routine.name} does not see the packet`);
  return { start: builder.load("ptr", frame.packet.start), end: builder.load("ptr", frame.packet.end) };
}

export const homeOf = (frame: Frame, variable: number): Home =>
  frame.homes.get(variable) ?? bug(`${frame.routine.name} has no variable ${variable}`);

export const slotOf = (frame: Frame, slot: number): Value =>
  frame.slots.get(slot) ?? bug(`${frame.routine.name} has no slot ${slot}`);

export const exitsOf = (frame: Frame, label: number): Exits =>
  frame.labels.get(label) ?? bug(`${frame.routine.name} has no label ${label}`);

/** i64 constants for sizes, flags and offsets. */
export const i64 = (frame: Frame, value: number | bigint): Value => frame.builder.constant("i64", BigInt(value));

/** Stack memory is made in words of eight bytes. */
export const wholeWords = (bytes: number): number => roundUp(Math.max(1, bytes), 8);

/** `pointer` plus constant bytes. */
export const at = (frame: Frame, pointer: Value, bytes: number): Value =>
  frame.builder.offset(pointer, i64(frame, bytes));

/** Widens or narrows an integer, unsigned unless told. */
export function resize(frame: Frame, value: Value, to: LlvmType, signed = false): Value {
  if (value.type === to) return value;
  const width = (type: LlvmType): number => Number(type.slice(1));
  const cast = width(to) < width(value.type) ? "trunc" : signed ? "sext" : "zext";
  return frame.builder.cast(cast, value, to);
}
