/**
 * What an expression can be while compiling. Scalars and views exist when the packet arrives; everything else
 * (objects, functions, layouts, maps, strings) exists only now, and has dissolved into IR when compilation ends.
 */
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { Operand } from "../ir/ir.ts";
import type { Lowering } from "./lowering.ts";
import type { Cell, Scope } from "./scope.ts";
import type { ts } from "./typescript.js";

export type ScalarType = "bool" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "ipv4" | "ipv6" | "mac" | "address";

/** What is known when a condition has come out true or false. */
export type Fact =
  | { readonly kind: "present"; readonly id: number; readonly present: boolean }
  | { readonly kind: "range"; readonly temp: number; readonly low: bigint; readonly high: bigint };

export interface Facts {
  readonly whenTrue: readonly Fact[];
  readonly whenFalse: readonly Fact[];
}

export interface ScalarValue {
  readonly kind: "scalar";
  readonly type: ScalarType;
  readonly operand: Operand;
  /** Inclusive bounds that hold on every run. */
  readonly low: bigint;
  readonly high: bigint;
  readonly facts?: Facts;
  /** Authors see the number as one of these words. */
  readonly names?: readonly string[];
}

/** A number or bigint written in the source or computed from such: no width yet. */
export interface LiteralValue {
  readonly kind: "literal";
  readonly value: number | bigint;
  /** Made by `~`: negative, but wraps to the width it meets. */
  readonly complement?: boolean;
}

export interface StringValue {
  readonly kind: "string";
  readonly value: string;
}

/** `null`, `undefined` and the absence of a value are one thing in the language. */
export interface NullValue {
  readonly kind: "null";
}

/** A live alias of memory: fields read load, fields written store. */
export interface ViewValue {
  readonly kind: "view";
  readonly layout: LayoutData;
  readonly place: Operand;
  readonly offset: number;
  readonly readOnly: boolean;
  /** Of packet views: the packet's epoch when it was taken; -1 for memory. */
  readonly epoch: number;
  /** Identity of a ring-buffer record: it must be submitted or discarded. */
  readonly record?: number;
}

export interface NullableValue {
  readonly kind: "nullable";
  readonly id: number;
  /** True when there is a value. */
  readonly present: Operand;
  /** What else holds when there is one: of `a?.b`, that there is an `a`. */
  readonly implies?: readonly Fact[];
  readonly value: Value;
}

export interface ObjectValue {
  readonly kind: "object";
  readonly fields: Map<string, Property>;
  /** What to call it in messages. */
  readonly name: string;
}
export type Property =
  | {
      readonly kind: "cell";
      cell: Cell;
      /** Where its value is written, for messages; none where nobody wrote one. */
      readonly at?: ts.Node;
    }
  | { readonly kind: "accessor"; readonly get: FunctionValue | null; readonly set: FunctionValue | null };

export interface ListValue {
  readonly kind: "list";
  readonly items: readonly Value[];
  /** Where each is written, for messages; none where nobody wrote them one by one. */
  readonly places?: readonly ts.Node[];
}

export interface FunctionValue {
  readonly kind: "function";
  readonly declaration: ts.FunctionLikeDeclaration;
  readonly scope: Scope;
  readonly name: string;
}

export interface BuiltinValue {
  readonly kind: "builtin";
  readonly name: string;
  readonly call: (call: BuiltinCall) => Value;
}
export interface BuiltinCall {
  readonly to: Lowering;
  readonly node: ts.CallExpression;
  readonly values: readonly Value[];
  /** The node of argument `i`, for messages. */
  readonly argument: (index: number) => ts.Node;
}

/** `struct({...})`, `u16`: a layout, and for scalars a conversion. */
export interface LayoutValue {
  readonly kind: "layout";
  readonly layout: LayoutData;
}

export interface MapValue {
  readonly kind: "map";
  readonly map: number;
  /** Set when it was found in a map of maps; `map` is then the outer map's index. */
  readonly inner: Operand | null;
}

/** A thing declared with the SDK that only another SDK call understands: a program, middlebox, config field, global. */
export interface DeclaredValue {
  readonly kind: "declared";
  readonly what: string;
  readonly data: unknown;
  /** The value of a member, or null when there is none; evaluated at each access. */
  readonly member: (name: string, node: ts.Node) => Value | null;
  readonly names: readonly string[];
  /** What to say of members that it does not have. */
  readonly advice?: (name: string) => string | null;
  /** Members that are read or written anew at each access, in the function that accesses them. */
  readonly read?: (name: string, node: ts.Node, to: Lowering) => Value | null;
  /** False when the member cannot be written. */
  readonly write?: (name: string, value: Value, node: ts.Node, to: Lowering) => boolean;
}

/** What remains of an expression whose problem has been reported. */
export interface PoisonValue {
  readonly kind: "poison";
}

export type Value =
  | ScalarValue
  | LiteralValue
  | StringValue
  | NullValue
  | ViewValue
  | NullableValue
  | ObjectValue
  | ListValue
  | FunctionValue
  | BuiltinValue
  | LayoutValue
  | MapValue
  | DeclaredValue
  | PoisonValue;

/** What a test of a nullable tells. */
export const presence = (value: NullableValue): Facts => ({
  whenTrue: [{ kind: "present", id: value.id, present: true }, ...(value.implies ?? [])],
  whenFalse: [{ kind: "present", id: value.id, present: false }],
});

/** Where the value of an object's property was written, or `otherwise`. */
export function placeOfField(value: Value, name: string, otherwise: ts.Node): ts.Node {
  const property = value.kind === "object" ? value.fields.get(name) : undefined;
  return (property?.kind === "cell" ? property.at : undefined) ?? otherwise;
}

/** Where an item of a list was written, or `otherwise`. */
export const placeOfItem = (value: Value, index: number, otherwise: ts.Node): ts.Node =>
  (value.kind === "list" ? value.places?.[index] : undefined) ?? otherwise;

export const NULL: NullValue = { kind: "null" };
export const POISON: PoisonValue = { kind: "poison" };

const NAMES: Readonly<Record<Value["kind"], string>> = {
  scalar: "a number",
  literal: "a number",
  string: "a string",
  null: "null",
  view: "a view",
  nullable: "a value that may be null",
  object: "an object",
  list: "a list",
  function: "a function",
  builtin: "a function of the SDK",
  layout: "a layout",
  map: "a map",
  declared: "a declaration",
  poison: "an error",
};

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A phrase for messages: "a u16", "a view of struct". */
export function describe(value: Value): string {
  if (value.kind === "scalar")
    return value.type === "bool"
      ? "a boolean"
      : `${/^[aiu]/.test(value.type) && value.type !== "u8" && !value.type.startsWith("u") ? "an" : "a"} ${value.type}`;
  if (value.kind === "literal") return typeof value.value === "bigint" ? `${value.value}n` : String(value.value);
  if (value.kind === "declared") return value.what;
  return NAMES[value.kind];
}
