/** The storage that values need which a name, or a place where paths meet, holds one at a time. */
import { sameLayout } from "../../sdk/layout/data.ts";
import type { IrType } from "../ir/ir.ts";
import { isCursor } from "./builtins/cursor.ts";
import { checkCaptured } from "./captures.ts";
import { readField } from "./cells.ts";
import { settleNull, toScalar } from "./coerce.ts";
import { Refusal } from "./frames.ts";
import type { Lowering } from "./lowering.ts";
import { differentShapes, escapingObject } from "./problems.ts";
import { isKnown, isOlder, sameValue } from "./same.ts";
import type { Storage } from "./scope.ts";
import { arithmeticType, compatible, IR_TYPE, isNumber, RANGE } from "./types.ts";
import type { ts } from "./typescript.js";
import {
  describe,
  type ListValue,
  NULL,
  type ObjectValue,
  type ScalarType,
  type Value,
  type ViewValue,
} from "./values.ts";

const pointerType = (view: ViewValue): IrType => (view.epoch < 0 ? "pointer" : "packet");

/**
 * Storage fit for any of `values`, one of which it will hold at a time. A `type` fixes the width of a scalar. `everywhere`:
 * one of the values is there on every way that meets here, so that it needs no storage when they are all the same.
 */
export function storageFor(
  values: readonly Value[],
  type: ScalarType | null,
  nullable: boolean,
  name: string,
  node: ts.Node,
  to: Lowering,
  everywhere = true,
): Storage {
  const settled = values.map((value) => settleNull(value, to));
  if (settled.some(({ kind }) => kind === "poison")) throw new Refusal(null);
  const inner = settled.flatMap((value) =>
    value.kind === "null" ? [] : [value.kind === "nullable" ? value.value : value],
  );
  const [first] = inner;
  if (first === undefined)
    return nullable || settled.length > 0
      ? { kind: "nullable", present: null, inner: { kind: "unknown" } }
      : { kind: "unknown" };
  if (nullable || inner.length < settled.length || settled.some((value) => value.kind === "nullable")) {
    return {
      kind: "nullable",
      present: presentVariable(inner, name, to),
      inner: storageFor(inner, type, false, name, node, to, false),
    };
  }
  const merging = to.mergeFloor !== Number.POSITIVE_INFINITY;
  const stays = (inner.length > 1 && (everywhere || isOlder(first, to.mergeFloor))) || (merging && isKnown(first));
  if (type === null && stays && inner.every((value) => sameValue(value, first))) return { kind: "same", value: first };
  if (inner.every((value) => value.kind === "scalar" || value.kind === "literal")) {
    const of = type ?? commonType(inner, node, to);
    return { kind: "scalar", type: of, variable: to.variable(IR_TYPE[of], name) };
  }
  const other = inner.find((value) => value.kind !== first.kind);
  if (other !== undefined) to.refuse((at) => differentShapes(at, describe(first), describe(other)), node);
  if (first.kind === "view" && inner.some((value) => value.kind === "view" && !sameLayout(value.layout, first.layout)))
    to.refuse((at) => differentShapes(at, "a view of one layout", "a view of another layout"), node);
  if (first.kind === "view") {
    const example = inner.find((value) => value.kind === "view" && value.readOnly) ?? first;
    const variable = to.variable(pointerType(first), name);
    return { kind: "view", variable, example: example as ViewValue, epoch: first.epoch };
  }
  if (first.kind === "object") return objectStorage(inner, first, name, node, to);
  if (first.kind === "list") return listStorage(inner, first, name, node, to);
  if (first.kind === "map" && first.inner !== null)
    return { kind: "map", variable: to.variable("map", name), map: first.map };
  if (inner.every(isCursor))
    return {
      kind: "cursor",
      position: to.variable("u32", name),
      end: to.variable("u32", name),
      forReading: inner.some(({ data }) => data.forReading),
    };
  if (first.kind === "function") checkCaptured(first, to.mergeFloor, node, to);
  return { kind: "same", value: first };
}

function objectStorage(
  values: readonly Value[],
  first: ObjectValue,
  name: string,
  node: ts.Node,
  to: Lowering,
): Storage {
  const fields = new Map<string, Storage>();
  const alone = values.length === 1;
  const other = values.find((value) => value.kind !== "object" || (hasAccessor(value) && !alone));
  if (other !== undefined) to.refuse((at) => differentShapes(at, whatIs(first), whatIs(other)), node);
  const accessors = new Map([...first.fields].filter(([, property]) => property.kind === "accessor"));
  for (const property of accessors.values()) {
    if (property.kind !== "accessor") continue;
    for (const fn of [property.get, property.set]) if (fn !== null) checkCaptured(fn, to.mergeFloor, node, to);
  }
  const keys = new Set(values.flatMap((value) => (value.kind === "object" ? [...value.fields.keys()] : [])));
  for (const key of keys) {
    if (accessors.has(key)) continue;
    const parts = values.map((value) => (value.kind === "object" ? readField(value, key, node, to) : null) ?? NULL);
    fields.set(key, storageFor(parts, null, false, `${name}.${key}`, node, to));
  }
  return { kind: "object", fields, accessors, name: first.name };
}

/** Item by item, like the properties of an object: lists of one length may be chosen between, and be assigned. */
function listStorage(values: readonly Value[], first: ListValue, name: string, node: ts.Node, to: Lowering): Storage {
  for (const value of values)
    if (value.kind === "list" && value.items.length !== first.items.length) refuseLength(value, first, node, to);
  const items = first.items.map((_, index) => {
    const parts = values.map((value) => (value.kind === "list" ? value.items[index] : undefined) ?? NULL);
    return storageFor(parts, null, false, `${name}[${index}]`, node, to);
  });
  return { kind: "list", items };
}

export const refuseLength = (
  a: ListValue,
  b: { readonly items: readonly unknown[] },
  node: ts.Node,
  to: Lowering,
): never =>
  to.refuse((at) => escapingObject(at, "length", `A list of ${a.items.length}`, `a list of ${b.items.length}`), node);

const hasAccessor = (object: ObjectValue): boolean =>
  [...object.fields.values()].some((property) => property.kind === "accessor");

const whatIs = (value: Value): string =>
  value.kind === "object" && hasAccessor(value) ? "an object with a getter or setter" : describe(value);

/** The type of a name that holds any of these; literals take the others' type, or what their size and sign ask for. */
function commonType(values: readonly Value[], node: ts.Node, to: Lowering): ScalarType {
  const typed = values.flatMap((value) => (value.kind === "scalar" ? [value.type] : []));
  const literals = values.flatMap((value) => (value.kind === "literal" ? [value] : []));
  const [first] = typed;
  const meets = (type: ScalarType) =>
    type !== "bool" && literals.every(({ value }) => (typeof value === "number") === isNumber(type));
  if (first !== undefined && typed.every((type) => type === first) && arithmeticType(first) !== "u32" && meets(first))
    return first;
  if (first === undefined && literals.some(({ value, complement }) => value < 0 && complement !== true))
    return literals.some(({ value }) => typeof value === "bigint") ? "i64" : "i32";
  return values.map((value) => toScalar(value, node, to).type).reduce((a, b) => wider(a, b, node, to));
}

/** The type that holds values of both. */
function wider(a: ScalarType, b: ScalarType, node: ts.Node, to: Lowering): ScalarType {
  if (a === b) return a;
  if (!compatible(a, b)) return to.refuse((at) => differentShapes(at, `a ${a}`, `a ${b}`), node);
  return RANGE[a][1] > RANGE[b][1] ? a : b;
}

/** Memory pointers say by themselves whether they are null; everything else needs a flag beside it. */
function presentVariable(values: readonly Value[], name: string, to: Lowering): number | null {
  if (
    values.every(
      (value) => (value.kind === "view" && value.epoch < 0) || (value.kind === "map" && value.inner !== null),
    )
  )
    return null;
  return to.variable("bool", `${name}?`);
}
