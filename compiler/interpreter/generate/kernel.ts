/** Operations that ask the kernel, and calls. */

import type { Operand } from "../../ir/ir.ts";
import { InterpreterFault } from "../fault.ts";
import type { FunctionWriter } from "./function-writer.ts";
import type { OpLowerings } from "./lowering.ts";
import { functionName } from "./names.ts";
import { converted } from "./operators.ts";
import { isScalar, REPRESENTATION } from "./values.ts";

/** A C int, which a u32 may stand for. */
const int = (to: FunctionWriter, operand: Operand): string =>
  operand.kind === "constant" ? String(BigInt.asIntN(32, operand.value)) : `${to.value(operand)} | 0`;

/** The low 32 bits, unsigned. */
function word(to: FunctionWriter, operand: Operand): string {
  if (operand.kind === "constant") return String(BigInt.asUintN(32, operand.value));
  const isWide = isScalar(operand.type) && REPRESENTATION[operand.type] === "bigint";
  return isWide ? `Number(BigInt.asUintN(32, ${to.value(operand)}))` : `${to.value(operand)} >>> 0`;
}

/** What a function gives back when it was left by a tail call: the action, as a value of its own type. */
function afterTailCall(to: FunctionWriter): string {
  const { result } = to.func;
  if (result === null) return "{ next.enter(); return; }";
  if (!isScalar(result)) throw new InterpreterFault("a function that gives a place cannot tail-call");
  return `return ${converted("u32", result, "next.enter()")};`;
}

export const kernel: OpLowerings<
  | "adjustHead"
  | "adjustTail"
  | "packetRead"
  | "packetWrite"
  | "time"
  | "random"
  | "cpu"
  | "redirect"
  | "redirectMap"
  | "tailCall"
  | "fibLookup"
  | "checksumDiff"
  | "log"
  | "call"
> = {
  adjustHead: (op, to, result) => to.defineErrno(result, `packet.adjustHead(${int(to, op.delta)})`),
  adjustTail: (op, to, result) => to.defineErrno(result, `packet.adjustTail(${int(to, op.delta)})`),

  packetRead: (op, to, result) => {
    const { view, at } = to.checked(op.to, 0, op.bytes);
    to.defineErrno(result, `packet.read(${to.number(op.offset)}, ${view}, ${at}, ${op.bytes})`);
  },
  packetWrite: (op, to, result) => {
    const { view, at } = to.checked(op.from, 0, op.bytes);
    to.defineErrno(result, `packet.write(${to.number(op.offset)}, ${view}, ${at}, ${op.bytes})`);
  },

  time: (op, to, result) => to.define(result, `kernel.time("${op.clock}")`),
  random: (_op, to, result) => to.define(result, "kernel.random() >>> 0"),
  cpu: (_op, to, result) => to.define(result, "kernel.cpu"),

  redirect: (op, to, result) =>
    to.define(result, `kernel.redirectInterface(${word(to, op.interface)}, ${to.number(op.flags)})`),
  redirectMap: (op, to, result) =>
    to.define(result, `${to.map(op.map).text}.redirect(${word(to, op.key)}, ${to.number(op.flags)})`),

  tailCall: (op, to) => {
    to.nest("", () => {
      to.line(`const next = kernel.jump(${to.map(op.map).text}, ${word(to, op.index)});`);
      to.line(`if (next !== null) ${afterTailCall(to)}`);
    });
  },

  fibLookup: (op, to, result) => {
    const { view, at } = to.checked(op.parameters, 0, 64);
    to.defineErrno(result, `kernel.fibLookup(${view}, ${at}, ${word(to, op.flags)})`);
  },

  checksumDiff: (op, to, result) => {
    const from = to.checked(op.from, 0, op.fromBytes);
    const target = to.checked(op.to, 0, op.toBytes);
    const places = [from.view, from.at, op.fromBytes, target.view, target.at, op.toBytes].join(", ");
    to.defineErrno(result, `checksumDiff(${places}, ${word(to, op.seed)})`);
  },

  log: (op, to) => {
    const values = op.values.map((value) => `BigInt(${to.value(value)})`).join(", ");
    to.line(`kernel.trace(${JSON.stringify(op.format)}, [${values}]);`);
  },

  call: (op, to, result) => {
    const callee = to.module.functions[op.function];
    if (callee === undefined) throw new InterpreterFault(`there is no function ${op.function}`);
    const call = `${functionName(callee, op.function)}(${op.values.flatMap((value) => to.passed(value)).join(", ")})`;
    if (op.type === "packet") to.definePacket(result, call);
    else if (op.type === "pointer") to.definePointer(result, call, result === null ? null : "returnedAt");
    else to.define(result, call);
  },
};
