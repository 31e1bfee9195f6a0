/** From a value to the scalar, definite value, or condition that a place in the program wants. */

import { Refusal } from "./frames.ts";
import type { Lowering } from "./lowering.ts";
import {
  doesNotFit,
  floatingPoint,
  literalOutOfRange,
  mixedTypes,
  stringInDataPath,
  uncheckedNull,
  wrongArgument,
} from "./problems.ts";
import { compatible, constant, fits, IR_TYPE, isNumber, RANGE, scalar, scalarConstant, wrap } from "./types.ts";
import type { ts } from "./typescript.js";
import {
  describe,
  type LiteralValue,
  NULL,
  presence,
  type ScalarType,
  type ScalarValue,
  type Value,
} from "./values.ts";

/** What is known of a nullable here: its value, null, or still undecided. */
export function settleNull(value: Value, to: Lowering): Value {
  if (value.kind !== "nullable") return value;
  if (value.present.kind === "constant") return value.present.value !== 0n ? settleNull(value.value, to) : NULL;
  const present = to.isPresent(value.id);
  if (present === undefined) return value;
  return present ? settleNull(value.value, to) : NULL;
}

/** A value that is certainly there. */
export function definite(value: Value, node: ts.Node, to: Lowering): Value {
  if (value.kind === "poison") throw new Refusal(null);
  const settled = settleNull(value, to);
  if (settled.kind === "nullable" || settled.kind === "null")
    to.refuse((at) => uncheckedNull(at, `'${shortText(node)}'`), node);
  return settled;
}

export const shortText = (node: ts.Node): string => {
  const text = node.getText().replace(/\s+/g, " ");
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
};

export function literalAs(literal: LiteralValue, type: ScalarType, node: ts.Node, to: Lowering): ScalarValue {
  const { value } = literal;
  if (typeof value === "number" && !Number.isInteger(value)) to.refuse((at) => floatingPoint(at, String(value)), node);
  if (type === "bool" || (typeof value === "number") !== isNumber(type))
    to.refuse((at) => wrongArgument(at, `a ${type}`, describe(literal)), node);
  const wide = BigInt(value);
  if (literal.complement) return scalarConstant(type, wrap(IR_TYPE[type], wide) & RANGE[type][1]);
  if (!fits({ low: wide, high: wide }, type)) to.refuse((at) => literalOutOfRange(at, describe(literal), type), node);
  return scalarConstant(type, wide);
}

/** The scalar a value is by itself: literals become u32 or u64. */
export function toScalar(value: Value, node: ts.Node, to: Lowering): ScalarValue {
  const settled = definite(value, node, to);
  if (settled.kind === "scalar") return settled;
  if (settled.kind === "literal")
    return literalAs(settled, typeof settled.value === "bigint" ? "u64" : "u32", node, to);
  if (settled.kind === "string") to.refuse((at) => stringInDataPath(at), node);
  return to.refuse((at) => wrongArgument(at, "a number", describe(settled)), node);
}

/** Implicit conversion: allowed only where every possible value fits. */
export function coerce(value: Value, type: ScalarType, node: ts.Node, to: Lowering): ScalarValue {
  const settled = definite(value, node, to);
  if (settled.kind === "literal") return literalAs(settled, type, node, to);
  const from = toScalar(settled, node, to);
  if (from.type === type) return from;
  const [low, high] = to.bounds(from);
  if (compatible(from.type, type)) {
    if (!fits({ low, high }, type)) to.refuse((at) => doesNotFit(at, from.type, type), node);
    return { ...scalar(type, from.operand, low, high), low, high };
  }
  return to.refuse((at) => mixedTypes(at, "=", from.type, type), node);
}

/** Explicit conversion `u16(x)`: truncates, extends or reinterprets. */
export function convertTo(value: Value, type: ScalarType, node: ts.Node, to: Lowering): ScalarValue {
  const settled = definite(value, node, to);
  if (settled.kind === "literal") {
    if (typeof settled.value === "number" && !Number.isInteger(settled.value))
      to.refuse((at) => floatingPoint(at, String(settled.value)), node);
    const wide = BigInt(settled.value);
    const bits =
      type === "bool"
        ? 1
        : type === "mac"
          ? 48
          : Number(/\d+$/.exec(type === "ipv4" ? "u32" : type === "ipv6" || type === "address" ? "u128" : type)?.[0]);
    return scalarConstant(
      type,
      type === "i32" || type === "i64" ? BigInt.asIntN(bits, wide) : BigInt.asUintN(bits, wide),
    );
  }
  const from = toScalar(settled, node, to);
  const [low, high] = to.bounds(from);
  const wide = to.convert(from.operand, IR_TYPE[from.type], IR_TYPE[type]);
  if (low >= RANGE[type][0] && high <= RANGE[type][1]) return scalar(type, wide, low, high);
  const masked = type === "u8" || type === "u16" || type === "mac";
  return scalar(type, masked ? to.binary("and", IR_TYPE[type], wide, constant(IR_TYPE[type], RANGE[type][1])) : wide);
}

/** A condition: booleans as they are, numbers compared with zero, nullables by presence. */
export function toCondition(value: Value, node: ts.Node, to: Lowering): ScalarValue {
  if (value.kind === "poison") throw new Refusal(null);
  const settled = settleNull(value, to);
  switch (settled.kind) {
    case "null":
      return scalarConstant("bool", 0n);
    case "literal":
    case "string":
      return scalarConstant("bool", settled.value ? 1n : 0n);
    case "scalar": {
      if (settled.type === "bool") return settled;
      const type = IR_TYPE[settled.type];
      return scalar("bool", to.compare("ne", type, settled.operand, constant(type, 0n)));
    }
    case "nullable": {
      const facts = presence(settled);
      if (settled.value.kind !== "scalar" && settled.value.kind !== "literal")
        return { ...scalar("bool", settled.present), facts };
      const truth = toCondition(settled.value, node, to);
      return {
        ...scalar("bool", to.binary("and", "bool", settled.present, truth.operand)),
        facts: { whenTrue: [...facts.whenTrue, ...(truth.facts?.whenTrue ?? [])], whenFalse: [] },
      };
    }
    default:
      return scalarConstant("bool", 1n);
  }
}
