/**
 * How a routine is called. BPF passes five values in registers and gives one of at most 64 bits, so: the context comes
 * first where it is needed, 128-bit values go as two halves or, as a result, through memory of the caller, and when the
 * parameters do not fit, one pointer to a block with all of them goes instead.
 */
import type { IrType, Temp } from "../../ir/ir.ts";
import type { Callee, LlvmType } from "../builder.ts";
import type { Effects } from "./effects.ts";
import type { Routine } from "./routines.ts";

export type Parameter =
  | { readonly role: "context" }
  /** Where a 128-bit result is stored. */
  | { readonly role: "result" }
  | { readonly role: "value"; readonly temp: Temp; readonly part: "whole" | "low" | "high" }
  /** A block that holds all of the routine's parameters. */
  | { readonly role: "block" }
  /** Callbacks: the kernel's first argument (index or dynptr), then the block of captures. */
  | { readonly role: "index" | "record" | "captures" };

export interface Signature {
  readonly parameters: readonly Parameter[];
  readonly result: LlvmType;
}

const LLVM: Readonly<Record<IrType, LlvmType>> = {
  bool: "i1",
  u8: "i8",
  u16: "i16",
  u32: "i32",
  u64: "i64",
  u128: "i128",
  i32: "i32",
  i64: "i64",
  packet: "ptr",
  pointer: "ptr",
  map: "ptr",
};

export const llvmType = (type: IrType): LlvmType => LLVM[type];

const REGISTERS = 5;

export function signatureOf(routine: Routine, effects: Effects): Signature {
  if (routine.callback !== null) {
    const first = routine.callback.statement.kind === "repeat" ? "index" : "record";
    return { parameters: [{ role: first }, { role: "captures" }], result: "i64" };
  }
  const hidden: Parameter[] = [];
  if (effects.context) hidden.push({ role: "context" });
  if (routine.result === "u128") hidden.push({ role: "result" });
  const result = routine.result === null || routine.result === "u128" ? "void" : llvmType(routine.result);
  const values = routine.parameters.flatMap((temp): Parameter[] =>
    temp.type === "u128"
      ? [
          { role: "value", temp, part: "low" },
          { role: "value", temp, part: "high" },
        ]
      : [{ role: "value", temp, part: "whole" }],
  );
  const fits = hidden.length + values.length <= REGISTERS;
  return { parameters: fits ? [...hidden, ...values] : [...hidden, { role: "block" }], result };
}

export const parameterType = (parameter: Parameter): LlvmType => {
  if (parameter.role === "index") return "i64";
  if (parameter.role !== "value") return "ptr";
  return parameter.part === "whole" ? llvmType(parameter.temp.type) : "i64";
};

/** The routine as something to call. */
export const calleeOf = (routine: Routine, signature: Signature): Callee => ({
  name: routine.name,
  result: signature.result,
  parameters: signature.parameters.map(parameterType),
  define: null,
});
