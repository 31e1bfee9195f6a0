/** A program that applies one operation to inputs in global memory and to constants, and leaves the results there. */
import { createMachine } from "../../compiler/interpreter/index.ts";
import { BITS, isSigned, type Op, type Operand, type Scalar } from "../../compiler/ir/ir.ts";
import { bytes, constant, ModuleBuilder, u32 } from "../kit/ir.ts";
import { wrapTo } from "./values.ts";

const WIDEST = 16;
const sizeOf = (type: Scalar): number => Math.ceil(BITS[type] / 8);

const toBytes = (value: bigint): Uint8Array => {
  const unsigned = BigInt.asUintN(128, value);
  return Uint8Array.from({ length: WIDEST }, (_, i) => Number((unsigned >> BigInt(8 * i)) & 0xffn));
};
const fromBytes = (data: Uint8Array, type: Scalar): bigint => {
  let value = 0n;
  for (let i = sizeOf(type) - 1; i >= 0; i--) value = (value << 8n) | BigInt(data[i] as number);
  return isSigned(type) ? wrapTo(type, value) : value;
};

export type Inputs = readonly { readonly type: Scalar; readonly value: bigint }[];

/** Applies `make` to values loaded from memory and, in a second program, to the same values as constants. */
export function applied(
  inputs: Inputs,
  result: Scalar,
  make: (operands: readonly Operand[]) => Op,
): { loaded: bigint; folded: bigint } {
  const module = new ModuleBuilder("operands");
  const globals = inputs.map(({ value }, i) => module.global(`input${i}`, bytes(WIDEST), toBytes(value)));
  const out = module.global("result", bytes(WIDEST));
  const program = (name: string, operandOf: (i: number) => Operand | null) =>
    module.program(name, (to) => {
      const operands = inputs.map(({ type }, i) => {
        const place = to.let("pointer", { op: "global", global: globals[i] as number });
        return operandOf(i) ?? to.load(type, sizeOf(type), place);
      });
      const value = to.let(result, make(operands));
      to.store(value, sizeOf(result), to.let("pointer", { op: "global", global: out }));
      to.return(u32(2));
    });
  program("loaded", () => null);
  program("folded", (i) => {
    const input = inputs[i] as Inputs[number];
    return constant(input.type, input.value);
  });
  const machine = createMachine(module.build());
  const run = (name: string): bigint => {
    machine.run(name, new Uint8Array(0));
    return fromBytes(machine.globals.get("result"), result);
  };
  return { loaded: run("loaded"), folded: run("folded") };
}
