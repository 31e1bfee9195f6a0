/** `messageWords`: values laid one behind the other, as the words that a hash takes in. */
import type { Operand } from "../../ir/ir.ts";
import { toScalar } from "../coerce.ts";
import type { Lowering } from "../lowering.ts";
import { tooLarge, wrongArgument } from "../problems.ts";
import { constant, IR_TYPE, scalar } from "../types.ts";
import {
  type BuiltinCall,
  describe,
  type ObjectValue,
  type ScalarType,
  type ScalarValue,
  type Value,
} from "../values.ts";
import { argument, builtin } from "./arguments.ts";

const WIDTH: Readonly<Record<ScalarType, number>> = {
  bool: 8,
  u8: 8,
  u16: 16,
  u32: 32,
  i32: 32,
  ipv4: 32,
  mac: 48,
  u64: 64,
  i64: 64,
  ipv6: 128,
  address: 128,
};
const WORD = 64;
/** The last word has room for a length of one byte. */
const MOST_BYTES = 255;

interface Piece {
  readonly value: Operand;
  readonly width: number;
}

/** A value as pieces of at most a word, the least significant first. */
function piecesOf({ type, operand }: ScalarValue, to: Lowering): Piece[] {
  const from = IR_TYPE[type];
  const width = WIDTH[type];
  if (from === "u128") {
    const high = to.binary("shr", "u128", operand, constant("u128", BigInt(WORD)));
    return [operand, high].map((half) => ({ value: to.convert(half, "u128", "u64"), width: WORD }));
  }
  const unsigned = from === "i32" ? to.convert(operand, "i32", "u32") : operand;
  return [{ value: to.convert(unsigned, from === "i32" ? "u32" : from, "u64"), width }];
}

function packed(pieces: readonly Piece[], to: Lowering): { readonly words: Operand[]; readonly last: Operand } {
  const shifted = (operator: "shl" | "shr", value: Operand, by: number): Operand =>
    by === 0 ? value : to.binary(operator, "u64", value, constant("u64", BigInt(by)));
  const words: Operand[] = [];
  let current: Operand = constant("u64", 0n);
  let filled = 0;
  for (const { value, width } of pieces) {
    current = to.binary("or", "u64", current, shifted("shl", value, filled));
    if (filled + width >= WORD) {
      words.push(current);
      current = filled === 0 ? constant("u64", 0n) : shifted("shr", value, WORD - filled);
      filled -= WORD;
    }
    filled += width;
  }
  const bytes = BigInt(words.length * 8 + filled / 8);
  return { words, last: to.binary("or", "u64", current, constant("u64", bytes << 56n)) };
}

function messageWords(call: BuiltinCall): Value {
  const { to } = call;
  const values = argument(call, 0);
  if (values.kind !== "list")
    return to.refuse((at) => wrongArgument(at, "a list of values", describe(values)), call.node);
  const scalars = values.items.map((item) => toScalar(item, call.node, to));
  const bytes = scalars.reduce((sum, { type }) => sum + WIDTH[type] / 8, 0);
  if (bytes > MOST_BYTES) to.refuse((at) => tooLarge(at, `A message of ${bytes} bytes`), call.node);
  const { words, last } = packed(
    scalars.flatMap((value) => piecesOf(value, to)),
    to,
  );
  const parts: Readonly<Record<string, Value>> = {
    words: { kind: "list", items: words.map((word) => scalar("u64", word)) },
    last: scalar("u64", last),
  };
  const object: ObjectValue = {
    kind: "object",
    name: "a message",
    fields: new Map(
      Object.entries(parts).map(([name, value]) => [name, { kind: "cell", cell: { kind: "fixed", value } }]),
    ),
  };
  return object;
}

export const messageBuiltins: readonly (readonly [string, Value])[] = [
  ["messageWords", builtin("messageWords", messageWords)],
];
