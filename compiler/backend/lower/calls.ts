/** Calls between the module's own functions, and the two ends of their calling convention. */
import type { Op, Temp } from "../../ir/ir.ts";
import { makesTailCall } from "../../ir/operands.ts";
import type { IntegerType, LlvmType, Value } from "../builder.ts";
import { barrier } from "../prelude/helpers.ts";
import { contextOf, type Frame, resize, valueFor } from "./frame.ts";
import { homeAt, layOut, readHome, writeHome } from "./memory.ts";
import { readPacketBounds } from "./places.ts";
import type { Routine } from "./routines.ts";
import { calleeOf, type Parameter, signatureOf } from "./signature.ts";
import { joined } from "./wide.ts";

/** The result of a 128-bit call lies where its block of parameters ends. */
export function callBlockBytes(callee: Routine, parameters: readonly Parameter[]): number {
  const block = parameters.some(({ role }) => role === "block")
    ? layOut(callee.parameters.map(({ type }) => type)).bytes
    : 0;
  return block + (parameters.some(({ role }) => role === "result") ? 16 : 0);
}

export function call(frame: Frame, op: Extract<Op, { op: "call" }>): Value | null {
  const { builder, effectsOf } = frame;
  const callee = frame.routines.functions[op.function];
  if (callee === undefined) throw new Error(`malformed IR: there is no function ${op.function}`);
  const effects = effectsOf(callee);
  const signature = signatureOf(callee, effects);
  const memory = frame.blocks.get(op) ?? builder.nullPointer();
  const { offsets, bytes } = layOut(callee.parameters.map(({ type }) => type));
  const values = new Map(
    callee.parameters.map((temp, index) => [temp.id, valueFor(frame, op.values[index] ?? missing(callee))]),
  );
  const inBlock = signature.parameters.some(({ role }) => role === "block");
  const resultHome = homeAt(frame, memory, inBlock ? bytes : 0, "u128");
  const argument = (parameter: Parameter): Value => {
    switch (parameter.role) {
      case "context":
        return contextOf(frame);
      case "result":
        return resultHome.pointer;
      case "value": {
        const value = values.get(parameter.temp.id) as Value;
        if (parameter.part === "whole") return value;
        const shift = builder.constant("i128", parameter.part === "low" ? 0n : 64n);
        return resize(frame, builder.binary("lshr", value, shift), "i64");
      }
      default:
        callee.parameters.forEach((temp, index) => {
          writeHome(frame, homeAt(frame, memory, offsets[index] ?? 0, temp.type), values.get(temp.id) as Value);
        });
        return memory;
    }
  };
  const given = builder.call(calleeOf(callee, signature), signature.parameters.map(argument));
  if (effects.moves) readPacketBounds(frame, true);
  if (callee.result === null) return null;
  return callee.result === "u128" ? readHome(frame, resultHome) : given;
}

const missing = (callee: Routine): never => {
  throw new Error(`malformed IR: a call of ${callee.name} gives too few values`);
};

/** Binds the parameters of a function at its entry. */
export function receive(frame: Frame, parameters: readonly Parameter[], values: readonly Value[]): void {
  const { temps } = frame;
  const halves = new Map<number, Value>();
  parameters.forEach((parameter, index) => {
    const value = values[index] as Value;
    switch (parameter.role) {
      case "context":
        frame.context = value;
        break;
      case "result":
        frame.resultPointer = value;
        break;
      case "value": {
        const { temp, part } = parameter;
        if (part === "whole") temps.set(temp.id, value);
        else if (part === "low") halves.set(temp.id, value);
        else temps.set(temp.id, joined(frame, { low: halves.get(temp.id) as Value, high: value }));
        break;
      }
      case "block":
        receiveBlock(frame, frame.routine.parameters, value);
        break;
      default:
        throw new Error(`'${parameter.role}' belongs to a callback`);
    }
  });
}

function receiveBlock(frame: Frame, parameters: readonly Temp[], block: Value): void {
  const { offsets } = layOut(parameters.map(({ type }) => type));
  parameters.forEach((temp, index) => {
    frame.temps.set(temp.id, readHome(frame, homeAt(frame, block, offsets[index] ?? 0, temp.type)));
  });
}

/** Goes to the routine's exit with a result, or without. */
export function leave(frame: Frame, value: Value | null): void {
  const { builder } = frame;
  if (value !== null && frame.resultPointer !== null) {
    writeHome(frame, { pointer: frame.resultPointer, type: "u128", align: 8 }, value);
  } else if (frame.result !== null) {
    builder.store(value ?? builder.constant(frame.signatureOf(frame.routine).result as IntegerType, 0n), frame.result);
  }
  frame.exit ??= builder.block("exit");
  builder.jump(frame.exit);
  frame.reachable = false;
}

/** A program is left for good: nobody in the object sees what it gives. Nor does LLVM look into functions that stand alone. */
const isLeftByTailCall = (routine: Routine): boolean =>
  routine.kind === "function" && !routine.alone && makesTailCall(routine);

/**
 * A tail call leaves the function that makes it with the result of another program, which LLVM does not know of: were the
 * function's own result a constant, or one of its parameters, LLVM would put that in the place of the call's.
 */
function unknownResult(frame: Frame, result: Value): Value {
  const type = result.type === "i64" ? "i64" : "i32";
  return resize(frame, frame.builder.call(barrier(type), [resize(frame, result, type)]), result.type);
}

/** Writes the exit, if anything goes there. */
export function writeExit(frame: Frame, type: LlvmType): void {
  const { builder } = frame;
  if (frame.exit === null) return;
  builder.enter(frame.exit);
  for (const { from, to } of frame.handedBack) writeHome(frame, to, readHome(frame, from));
  if (frame.result === null) return builder.leave(null);
  const result = builder.load(type, frame.result);
  builder.leave(isLeftByTailCall(frame.routine) ? unknownResult(frame, result) : result);
}
