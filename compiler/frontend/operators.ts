/** The operators that compute: which types may meet, at which width they do it, and how far the result can reach. */
import type { BinaryOperator } from "../ir/ir.ts";
import { literalAs, settleNull, shortText, toScalar } from "./coerce.ts";
import { computeBinary } from "./fold.ts";
import type { Lowering } from "./lowering.ts";
import {
  addressArithmetic,
  floatingPoint,
  literalOutOfRange,
  mixedTypes,
  stringInDataPath,
  tooLarge,
  unsupportedSyntax,
  wrongArgument,
} from "./problems.ts";
import {
  arithmeticType,
  constant,
  IR_TYPE,
  isAddress,
  isConstant,
  isNumber,
  isSignedType,
  RANGE,
  scalar,
} from "./types.ts";
import { ts } from "./typescript.js";
import {
  describe,
  type LiteralValue,
  type ScalarType,
  type ScalarValue,
  type StringValue,
  type Value,
} from "./values.ts";

const ARITHMETIC: Readonly<Record<string, BinaryOperator>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "rem",
  "&": "and",
  "|": "or",
  "^": "xor",
  "<<": "shl",
  ">>": "shr",
  ">>>": "shr",
};
const BITWISE: ReadonlySet<string> = new Set(["&", "|", "^", "<<", ">>", ">>>"]);
const SHIFTS: ReadonlySet<string> = new Set(["<<", ">>", ">>>"]);

export const isArithmetic = (operator: string): boolean => operator in ARITHMETIC;

const min = (a: bigint, b: bigint) => (a < b ? a : b);
const max = (a: bigint, b: bigint) => (a > b ? a : b);
/** All ones up to the highest bit of `value`. */
const filled = (value: bigint): bigint => (1n << BigInt(value.toString(2).length)) - 1n;

// ---------------------------------------------------------------- literals

/** Texts are names and formats. */
const LONGEST_TEXT = 65_536;

/** A text put together while compiling. */
export function text(value: string, node: ts.Node, to: Lowering): StringValue {
  if (value.length > LONGEST_TEXT) to.refuse((at) => tooLarge(at, `A text of ${value.length} characters`), node);
  return { kind: "string", value };
}

/** Powers and shifts of constants end here: no type holds more, and the compiler's memory would not either. */
const LONGEST_CONSTANT = 4096n;

const bitsOf = (value: bigint): bigint => BigInt(value.toString(2).length);

/** `**`, `<<` and `>>` of bigint constants: exact, where the result has a size. Shifting by a negative count is the other shift. */
function largeConstant(operator: "**" | "<<" | ">>", x: bigint, y: bigint, node: ts.Node, to: Lowering): bigint {
  const left = operator === ">>" ? -y : y;
  const bits = operator === "**" ? bitsOf(x) * y : bitsOf(x) + left;
  if (bits > LONGEST_CONSTANT || (operator === "**" && y < 0n))
    to.refuse((at) => literalOutOfRange(at, shortText(node), "constants"), node);
  return operator === "**" ? x ** y : x << left;
}

/** Arithmetic between literals is exact; bit operators on numbers work at 32 bits, unsigned, as they do at run time. */
function literalArithmetic(
  operator: string,
  a: LiteralValue,
  b: LiteralValue,
  node: ts.Node,
  to: Lowering,
): LiteralValue {
  if (typeof a.value !== typeof b.value) to.refuse((at) => mixedTypes(at, operator, describe(a), describe(b)), node);
  if (typeof a.value === "number" && typeof b.value === "number") {
    if (operator === "*" || operator === "+" || operator === "-")
      return {
        kind: "literal",
        value: operator === "*" ? a.value * b.value : operator === "+" ? a.value + b.value : a.value - b.value,
      };
    if (operator === "**") return { kind: "literal", value: a.value ** b.value };
    if (!Number.isInteger(a.value) || !Number.isInteger(b.value))
      to.refuse((at) => floatingPoint(at, shortText(node)), node);
    const exact = computeBinary(
      ARITHMETIC[operator] as BinaryOperator,
      "u32",
      BITWISE.has(operator) ? BigInt.asUintN(32, BigInt(a.value)) : BigInt(a.value),
      BITWISE.has(operator) && !SHIFTS.has(operator) ? BigInt.asUintN(32, BigInt(b.value)) : BigInt(b.value),
    );
    return { kind: "literal", value: Number(BITWISE.has(operator) ? BigInt.asUintN(32, exact) : exact) };
  }
  const [x, y] = [BigInt(a.value), BigInt(b.value)];
  if (operator === "**" || operator === "<<" || operator === ">>")
    return { kind: "literal", value: largeConstant(operator, x, y, node, to) };
  if (operator === "*" && bitsOf(x) + bitsOf(y) > LONGEST_CONSTANT)
    to.refuse((at) => literalOutOfRange(at, shortText(node), "constants"), node);
  const value = computeBinary(ARITHMETIC[operator] as BinaryOperator, "u128", x, y);
  return { kind: "literal", value, ...(value < 0n && (a.complement || b.complement) ? { complement: true } : {}) };
}

// ---------------------------------------------------------------- typing the two sides

/** Where the two operands stand. */
export const sidesOf = (node: ts.Node): readonly [ts.Node, ts.Node] =>
  ts.isBinaryExpression(node) ? [node.left, node.right] : [node, node];

/** The type at which both sides compute; literals take the other side's. */
export function together(
  operator: string,
  a: Value,
  b: Value,
  node: ts.Node,
  to: Lowering,
): [ScalarValue, ScalarValue, ScalarType] {
  const [first, second] = sidesOf(node);
  const typed = a.kind === "literal" ? toScalar(b, second, to) : toScalar(a, first, to);
  const type = arithmeticType(typed.type);
  const side = (value: Value, at: ts.Node): ScalarValue =>
    value.kind === "literal" ? literalAs(value, type, at, to) : toScalar(value, at, to);
  const [left, right] = [side(a, first), side(b, second)];
  const other = arithmeticType(left.type === typed.type ? right.type : left.type);
  if (arithmeticType(left.type) !== arithmeticType(right.type))
    to.refuse((at) => mixedTypes(at, operator, left.type, right.type), node);
  return [left, right, other];
}

/** Bounds of a result before wrapping, or null when they are not known better than by the type. */
function reach(
  operator: BinaryOperator,
  a: readonly [bigint, bigint],
  b: readonly [bigint, bigint],
): readonly [bigint, bigint] | null {
  const positive = a[0] >= 0n && b[0] >= 0n;
  switch (operator) {
    case "add":
      return [a[0] + b[0], a[1] + b[1]];
    case "sub":
      return [a[0] - b[1], a[1] - b[0]];
    case "mul":
      return positive ? [a[0] * b[0], a[1] * b[1]] : null;
    case "div":
      return positive ? [b[0] > 0n ? a[0] / b[1] : 0n, b[0] > 0n ? a[1] / b[0] : a[1]] : null;
    case "rem":
      return positive ? [0n, b[0] > 0n ? min(a[1], b[1] - 1n) : a[1]] : null;
    case "and":
      return positive ? [0n, min(a[1], b[1])] : null;
    case "or":
      return positive ? [max(a[0], b[0]), filled(max(a[1], b[1]))] : null;
    case "xor":
      return positive ? [0n, filled(max(a[1], b[1]))] : null;
    case "shl":
      return positive && b[1] < 128n ? [a[0] << b[0], a[1] << b[1]] : null;
    case "shr":
      return positive && b[1] < 128n ? [a[0] >> b[1], a[1] >> b[0]] : null;
  }
}

function result(
  operator: BinaryOperator,
  type: ScalarType,
  left: ScalarValue,
  right: ScalarValue,
  to: Lowering,
): ScalarValue {
  const word = IR_TYPE[type];
  const operand = to.binary(operator, word, left.operand, right.operand);
  const reached =
    operator === "shl" || operator === "shr"
      ? isConstant(right.operand)
        ? reach(operator, to.bounds(left), [shiftCount(right, type), shiftCount(right, type)])
        : null
      : reach(operator, to.bounds(left), to.bounds(right));
  const [low, high] = RANGE[type];
  if (reached !== null && reached[0] >= low && reached[1] <= high) return scalar(type, operand, reached[0], reached[1]);
  if (type === "mac" && operator === "shl") return scalar(type, to.binary("and", word, operand, constant(word, high)));
  return scalar(type, operand);
}

const shiftCount = (count: ScalarValue, type: ScalarType): bigint =>
  count.low &
  (type === "ipv6" || type === "address" ? 127n : type === "u64" || type === "i64" || type === "mac" ? 63n : 31n);

/** The count of a shift, at the width of what is shifted (counts are taken modulo the width). */
function countFor(type: ScalarType, count: Value, node: ts.Node, to: Lowering): ScalarValue {
  const word = IR_TYPE[type];
  if (count.kind === "literal") return scalar(type, constant(word, BigInt(count.value)));
  const typed = toScalar(count, node, to);
  if (isAddress(typed.type) || typed.type === "bool") to.refuse((at) => addressArithmetic(at, "<<", typed.type), node);
  return { ...scalar(type, to.convert(typed.operand, IR_TYPE[typed.type], word)), low: typed.low, high: typed.high };
}

export function arithmetic(operator: string, a: Value, b: Value, node: ts.Node, to: Lowering): Value {
  const [x, y] = [settleNull(a, to), settleNull(b, to)];
  if (x.kind === "string" || y.kind === "string") {
    if (operator === "+" && x.kind === "string" && (y.kind === "string" || y.kind === "literal"))
      return text(x.value + String(y.value), node, to);
    to.refuse((at) => stringInDataPath(at), node);
  }
  if (x.kind === "literal" && y.kind === "literal") return literalArithmetic(operator, x, y, node, to);
  if (operator === "**") to.refuse((at) => unsupportedSyntax(at, "'**' on values of the data path"), node);
  const op = ARITHMETIC[operator] as BinaryOperator;
  if (SHIFTS.has(operator)) {
    const left = toScalar(x, sidesOf(node)[0], to);
    const type = arithmeticType(left.type);
    if (type === "bool") to.refuse((at) => wrongArgument(at, "a number", "a boolean"), node);
    if (operator === ">>>" && isSignedType(type))
      to.refuse((at) => unsupportedSyntax(at, "'>>>' on a signed value"), node);
    return result(op, type, left, countFor(type, y, sidesOf(node)[1], to), to);
  }
  const [left, right, type] = together(operator, x, y, node, to);
  if (type === "bool" && !["&", "|", "^"].includes(operator))
    to.refuse((at) => wrongArgument(at, "numbers", "booleans"), node);
  if (isAddress(type) && !BITWISE.has(operator)) to.refuse((at) => addressArithmetic(at, operator, type), node);
  return result(op, type, left, right, to);
}

// ---------------------------------------------------------------- unary

export function negate(value: Value, node: ts.Node, to: Lowering): Value {
  const settled = settleNull(value, to);
  if (settled.kind === "literal") return { kind: "literal", value: -settled.value };
  const typed = toScalar(settled, node, to);
  const type = arithmeticType(typed.type);
  if (isAddress(type) || type === "bool") to.refuse((at) => addressArithmetic(at, "-", type), node);
  return scalar(type, to.binary("sub", IR_TYPE[type], constant(IR_TYPE[type], 0n), typed.operand));
}

export function complement(value: Value, node: ts.Node, to: Lowering): Value {
  const settled = settleNull(value, to);
  if (settled.kind === "literal") {
    return typeof settled.value === "bigint"
      ? { kind: "literal", value: ~settled.value, complement: true }
      : { kind: "literal", value: ~settled.value >>> 0 };
  }
  const typed = toScalar(settled, node, to);
  const type = arithmeticType(typed.type);
  if (type === "bool") to.refuse((at) => wrongArgument(at, "a number", "a boolean"), node);
  const word = IR_TYPE[type];
  return scalar(type, to.binary("xor", word, typed.operand, constant(word, isSignedType(type) ? -1n : RANGE[type][1])));
}

export function not(condition: ScalarValue, to: Lowering): ScalarValue {
  const facts = condition.facts && { whenTrue: condition.facts.whenFalse, whenFalse: condition.facts.whenTrue };
  return { ...scalar("bool", to.not(condition.operand)), ...(facts ? { facts } : {}) };
}

/** `value + 1` or `value - 1`, wrapping at the value's own width: what `++` and `--` mean. */
export function step(operator: "+" | "-", value: Value, node: ts.Node, to: Lowering): ScalarValue {
  const typed = toScalar(value, node, to);
  const one: LiteralValue = { kind: "literal", value: isNumber(typed.type) ? 1 : 1n };
  const next = toScalar(arithmetic(operator, typed, one, node, to), node, to);
  if (typed.type !== "u8" && typed.type !== "u16") return next;
  const [low, high] = to.bounds(next);
  if (high <= RANGE[typed.type][1]) return { ...scalar(typed.type, next.operand, low, high) };
  return scalar(typed.type, to.binary("and", "u32", next.operand, constant("u32", RANGE[typed.type][1])));
}
