/**
 * The one door to LLVM IR. Lowering talks to this interface only; `builders/` holds what stands behind it: text,
 * llvm-bindings, and the survey that finds out what the prelude must declare before either can start.
 *
 * Lowering has numbers of 128 bits; `builders/halves.ts` makes two of each before a builder sees it.
 *
 * It is as small as it is because llvm-bindings knows no alignment, volatile access, atomics, inline assembly or
 * intrinsics with attributes: whatever needs those is a helper function of the prelude, and is reached by `call`.
 */
import type { Place } from "../ir/ir.ts";
import type { Syntax } from "./prelude/syntax.ts";

/** `ptr` is `i8*` where LLVM still has typed pointers. */
export type LlvmType = "void" | "i1" | "i8" | "i16" | "i32" | "i64" | "i128" | "ptr";

export const WIDTH: Readonly<Record<Exclude<LlvmType, "void" | "ptr">, number>> = {
  i1: 1,
  i8: 8,
  i16: 16,
  i32: 32,
  i64: 64,
  i128: 128,
};

export type IntegerType = keyof typeof WIDTH;

export const isInteger = (type: LlvmType): type is IntegerType => type in WIDTH;

/** Bits of an integer type. */
export const widthOf = (type: LlvmType): number => {
  if (!isInteger(type)) throw new Error(`${type} has no width`);
  return WIDTH[type];
};

export type BinaryInstruction =
  | "add"
  | "sub"
  | "mul"
  | "udiv"
  | "urem"
  | "sdiv"
  | "srem"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "lshr"
  | "ashr";
export type Predicate = "eq" | "ne" | "ult" | "ule" | "ugt" | "uge" | "slt" | "sle" | "sgt" | "sge";
export type Cast = "trunc" | "zext" | "sext" | "ptrtoint" | "inttoptr";

export interface Value {
  readonly type: LlvmType;
  /** The value of an integer constant, as 0 .. 2^width-1; null for anything else. */
  readonly constant: bigint | null;
  /** What the builder knows it by. */
  readonly handle: unknown;
}

export interface Label {
  readonly handle: unknown;
}

/** Something to call. `define` writes a helper into the prelude; it is null for the module's own routines. */
export interface Callee {
  readonly name: string;
  readonly result: LlvmType;
  readonly parameters: readonly LlvmType[];
  readonly define: ((syntax: Syntax) => string) | null;
}

export interface IrBuilder {
  /** Opens the body of a declared routine at its entry block and gives its parameters. */
  begin(routine: string, parameters: readonly LlvmType[]): readonly Value[];
  /** The source place of the instructions that follow. */
  locate(at: Place): void;
  /** A new block to jump to. */
  block(name: string): Label;
  /** The instructions that follow go to this block. Blocks stand in the order in which they are entered, each once. */
  enter(label: Label): void;

  constant(type: IntegerType, value: bigint): Value;
  nullPointer(): Value;
  /** The address of a map or of global data. */
  global(name: string): Value;
  /** The address of a routine of the module, for helpers that call back. */
  routine(name: string): Value;
  /** The address of a constant text with a final zero. */
  text(content: string): Value;

  /** Stack memory, `count` times `type`; only in the entry block. */
  allocate(type: IntegerType | "ptr", count: number): Value;
  /** Access with the type's natural alignment. */
  load(type: LlvmType, pointer: Value): Value;
  store(value: Value, pointer: Value): void;
  /** `pointer` plus an i64 of bytes. */
  offset(pointer: Value, bytes: Value): Value;

  binary(instruction: BinaryInstruction, a: Value, b: Value): Value;
  compare(predicate: Predicate, a: Value, b: Value): Value;
  cast(cast: Cast, value: Value, to: LlvmType): Value;
  select(condition: Value, a: Value, b: Value): Value;
  call(callee: Callee, values: readonly Value[]): Value;

  jump(to: Label): void;
  branch(condition: Value, then: Label, otherwise: Label): void;
  choose(value: Value, cases: readonly { readonly value: bigint; readonly to: Label }[], otherwise: Label): void;
  leave(value: Value | null): void;
}
