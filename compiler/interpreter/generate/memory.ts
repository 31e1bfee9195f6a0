/** Loads, stores and atomics: the widths that fields have, in either byte order. */
import type { ByteOrder, Operand, Scalar, Statement } from "../../ir/ir.ts";
import { BITS, isSigned } from "../../ir/ir.ts";
import { InterpreterFault } from "../fault.ts";
import type { FunctionWriter } from "./function-writer.ts";
import type { OpLowerings, StatementOf } from "./lowering.ts";
import { converted } from "./operators.ts";
import { isScalar, REPRESENTATION } from "./values.ts";

/** Words of a value that has no accessor of its own, with the bits each is shifted by. */
function parts(bytes: number, order: ByteOrder): { at: number; bytes: number; shift: number }[] {
  const half =
    bytes === 6
      ? [
          { bytes: 2, shift: 32 },
          { bytes: 4, shift: 0 },
        ]
      : [
          { bytes: 8, shift: 64 },
          { bytes: 8, shift: 0 },
        ];
  const inOrder = order === "big" ? half : half.reverse();
  let at = 0;
  return inOrder.map((part) => {
    const placed = { ...part, at };
    at += part.bytes;
    return placed;
  });
}

const plus = (at: string, bytes: number): string => (bytes === 0 ? at : `${at} + ${bytes}`);

/** The type whose accessor reads a value of this many bytes. */
const WORD: Readonly<Record<number, Scalar>> = { 1: "u8", 2: "u16", 4: "u32", 8: "u64" };

function access(
  direction: "get" | "set",
  word: Scalar,
  view: string,
  at: string,
  order: ByteOrder,
  value: string | null,
): string {
  const size = BITS[word];
  const name = `${direction}${size === 64 ? "BigUint" : "Uint"}${size}`;
  const values = value === null ? [at] : [at, value];
  return `${view}.${name}(${[...values, ...(size > 8 ? [String(order === "little")] : [])].join(", ")})`;
}

/** Expression of the unsigned value, and its type. */
function read(view: string, at: string, bytes: number, order: ByteOrder): { text: string; type: Scalar } {
  const word = WORD[bytes];
  if (word !== undefined) return { text: access("get", word, view, at, order, null), type: word };
  const words = parts(bytes, order).map((part) => ({
    ...part,
    text: access("get", WORD[part.bytes] as Scalar, view, plus(at, part.at), order, null),
  }));
  const high = words.find((part) => part.shift !== 0)?.text;
  const low = words.find((part) => part.shift === 0)?.text;
  if (bytes === 6) return { text: `BigInt(${high} * 4294967296 + ${low})`, type: "u64" };
  return { text: `(${high} << 64n) | ${low}`, type: "u128" };
}

/** Reinterprets what was read as signed at its own width, so that converting extends the sign. */
function extended(text: string, word: Scalar, bytes: number, type: Scalar): string {
  if (type === "bool") return REPRESENTATION[word] === "bigint" ? `${text} !== 0n` : `${text} !== 0`;
  if (!isSigned(type)) return converted(word, type, text);
  if (bytes <= 4)
    return converted(
      "i32",
      type,
      bytes === 4 ? `(${text} | 0)` : `((${text} << ${32 - 8 * bytes}) >> ${32 - 8 * bytes})`,
    );
  return converted("i64", type, `BigInt.asIntN(${8 * bytes}, ${text})`);
}

export function writeStore(statement: StatementOf<"store">, to: FunctionWriter): void {
  const { view, at } = to.checked(statement.place, statement.offset, statement.bytes);
  const from = statement.value.type;
  if (!isScalar(from)) throw new InterpreterFault("only values are stored, not places");
  const word = WORD[statement.bytes];
  if (word !== undefined) {
    to.line(`${access("set", word, view, at, statement.order, asWord(to, statement.value, from, word))};`);
    return;
  }
  const value = asWord(to, statement.value, from, "u128");
  for (const part of parts(statement.bytes, statement.order)) {
    const bits = part.shift === 0 ? value : `${value} >> ${part.shift}n`;
    const text = part.bytes === 8 ? bits : `Number(BigInt.asUintN(${part.bytes * 8}, ${bits}))`;
    to.line(`${access("set", WORD[part.bytes] as Scalar, view, plus(at, part.at), statement.order, text)};`);
  }
}

/** Setters cut what is too wide by themselves, so only the representation needs to change. */
function asWord(to: FunctionWriter, operand: Operand, from: Scalar, word: Scalar): string {
  const text = to.value(operand);
  if (REPRESENTATION[from] === REPRESENTATION[word] && !(from === "i64" && word === "u128")) return text;
  return `(${converted(from, word, text)})`;
}

const UPDATED: Readonly<
  Record<"add" | "and" | "or" | "xor" | "exchange" | "compareExchange", (old: string, value: string) => string>
> = {
  add: (old, value) => `${old} + ${value}`,
  and: (old, value) => `${old} & ${value}`,
  or: (old, value) => `${old} | ${value}`,
  xor: (old, value) => `${old} ^ ${value}`,
  exchange: (_old, value) => value,
  compareExchange: (_old, value) => value,
};

export const memory: OpLowerings<"load" | "atomic" | "lock" | "unlock" | "barrier"> = {
  load: (op, to, result) => {
    const { view, at } = to.checked(op.place, op.offset, op.bytes);
    const { text, type } = read(view, at, op.bytes, op.order);
    to.define(result, extended(text, type, op.bytes, op.type));
  },

  atomic: (op, to, result) => {
    const { view, at } = to.checked(op.place, op.offset, BITS[op.type] / 8);
    const old = to.fresh("old");
    to.line(`var ${old} = ${access("get", op.type, view, at, "little", null)};`);
    const write = access("set", op.type, view, at, "little", UPDATED[op.operator](old, to.value(op.value)));
    to.line(op.expected === null ? `${write};` : `if (${old} === ${to.value(op.expected)}) ${write};`);
    if (result !== null) to.define(result, old);
  },

  // One program runs at a time, so a lock is always free, and memory is always in order.
  lock: () => undefined,
  unlock: () => undefined,
  barrier: () => undefined,
};

export function writeCopy(statement: Extract<Statement, { kind: "copy" }>, to: FunctionWriter): void {
  const source = to.checked(statement.from, statement.fromOffset, statement.bytes);
  const target = to.checked(statement.to, statement.toOffset, statement.bytes);
  to.line(`copyBytes(${target.view}, ${target.at}, ${source.view}, ${source.at}, ${statement.bytes});`);
}

export function writeZero(statement: Extract<Statement, { kind: "zero" }>, to: FunctionWriter): void {
  const { view, at } = to.checked(statement.place, statement.offset, statement.bytes);
  to.line(`zeroBytes(${view}, ${at}, ${statement.bytes});`);
}
