/** Storage of names and of object properties: what a `let` becomes, reading it, assigning it. */

import { sameLayout } from "../../sdk/layout/data.ts";
import type { IrType, Operand } from "../ir/ir.ts";
import { cursorFrom, cursorParts, isCursor } from "./builtins/cursor.ts";
import { callFunction } from "./calls.ts";
import { checkCaptured } from "./captures.ts";
import { coerce, definite, settleNull, toScalar } from "./coerce.ts";
import type { Hole } from "./drafts.ts";
import { Refusal } from "./frames.ts";
import type { Lowering } from "./lowering.ts";
import { offsetPlace } from "./memory.ts";
import {
  differentShapes,
  escapingClosure,
  escapingObject,
  readOnly,
  stringInDataPath,
  unknownField,
  wrongArgument,
} from "./problems.ts";
import type { Cell, MutableCell, Storage } from "./scope.ts";
import { arithmeticType, compatible, constant, IR_TYPE, isNumber, RANGE, scalar } from "./types.ts";
import type { ts } from "./typescript.js";
import {
  capitalised,
  describe,
  type ListValue,
  NULL,
  type ObjectValue,
  POISON,
  type Property,
  placeOfItem,
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

const refuseLength = (a: ListValue, b: { readonly items: readonly unknown[] }, node: ts.Node, to: Lowering): never =>
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

/** Whether two values are certainly the same, already while compiling. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind === "literal" && b.kind === "literal") return a.value === b.value;
  if (a.kind === "string" && b.kind === "string") return a.value === b.value;
  if (a.kind === "null" && b.kind === "null") return true;
  if (a.kind === "scalar" && b.kind === "scalar") return a.type === b.type && sameOperand(a.operand, b.operand);
  if (a.kind === "view" && b.kind === "view")
    return a.layout === b.layout && a.offset === b.offset && a.epoch === b.epoch && sameOperand(a.place, b.place);
  if (a.kind === "function" && b.kind === "function") return a.declaration === b.declaration && a.scope === b.scope;
  if (a.kind === "map" && b.kind === "map") return a.map === b.map && a.inner === null && b.inner === null;
  return false;
}

const sameOperand = (a: Operand, b: Operand): boolean =>
  (a.kind === "temp" && b.kind === "temp" && a.id === b.id) ||
  (a.kind === "constant" && b.kind === "constant" && a.type === b.type && a.value === b.value);

/** Known while compiling: the same wherever it is used. */
const isKnown = (value: Value): boolean =>
  value.kind === "null" ||
  value.kind === "literal" ||
  value.kind === "string" ||
  (value.kind === "scalar" && value.operand.kind === "constant");

/** Made before the ways parted that meet here, so that it is there on all of them. */
const isOlder = (value: Value, floor: number): boolean => {
  const operand = value.kind === "view" ? value.place : value.kind === "scalar" ? value.operand : null;
  return operand?.kind === "temp" && floor !== Number.POSITIVE_INFINITY && operand.id < floor;
};

/** One value for several ways of arriving here; each way stores its own in the hole it left. */
export function merge(
  ways: readonly { readonly value: Value; readonly hole: Hole }[],
  name: string,
  node: ts.Node,
  to: Lowering,
  floor: number,
): Value {
  const [first] = ways;
  if (first === undefined) return NULL;
  if (ways.some((way) => way.value.kind === "poison")) return POISON;
  const everywhere = ways.length > 1 || isKnown(first.value);
  if (everywhere && ways.every((way) => sameValue(way.value, first.value))) return first.value;
  const values = ways.map((way) => way.value);
  const storage = to.merging(floor, () => storageFor(values, null, false, name, node, to));
  if (storage.kind === "nullable" && storage.inner.kind === "unknown") return NULL;
  for (const way of ways) to.into(way.hole, () => assignStorage(storage, way.value, node, to));
  for (const way of ways) loseRecord(way.value, to);
  const value = readStorage(storage, to.fresh(), to);
  if (value.kind !== "scalar") return value;
  const bounds = ways.map((way) => coerce(way.value, value.type, node, to));
  const low = bounds.reduce((least, b) => (b.low < least ? b.low : least), value.high);
  const high = bounds.reduce((most, b) => (b.high > most ? b.high : most), value.low);
  return { ...value, low, high };
}

/** Which record a variable holds is not followed: that it is finished, the kernel's verifier will see. */
function loseRecord(value: Value, to: Lowering): void {
  const inner = value.kind === "nullable" ? value.value : value;
  if (inner.kind === "view" && inner.record !== undefined) to.recordClosed(inner.record);
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

export function mutable(
  value: Value,
  type: ScalarType | null,
  nullable: boolean,
  name: string,
  node: ts.Node,
  to: Lowering,
): MutableCell {
  const storage = storageFor([value], type, nullable, name, node, to);
  const cell: MutableCell = { kind: "mutable", name, storage, version: to.fresh() };
  to.cells.add(cell);
  assignStorage(storage, value, node, to);
  loseRecord(value, to);
  return cell;
}

/** Two names may stand for one object, so a field of one that changes as a whole has no place of its own. */
const TURNS = "A field of an object that is chosen between, or held by an assigned 'let',";

export function readCell(cell: Cell, to: Lowering): Value {
  return cell.kind === "fixed" ? cell.value : readStorage(cell.storage, cell.version, to);
}

export function readStorage(storage: Storage, version: number, to: Lowering): Value {
  switch (storage.kind) {
    case "scalar": {
      const known = to.content(storage.variable);
      if (known !== undefined) return { ...scalar(storage.type, known.operand, known.low, known.high) };
      const read = to.get(storage.variable);
      const value = scalar(storage.type, read);
      to.holds(storage.variable, value);
      return value;
    }
    case "view": {
      const epoch = to.knowledge.epochs.get(storage.variable) ?? storage.epoch;
      // Which record it is, of several that the variable may hold, is not followed.
      const record = storage.example.record === undefined ? {} : { record: to.fresh() };
      return { ...storage.example, ...record, place: to.get(storage.variable), offset: 0, epoch };
    }
    case "map":
      return { kind: "map", map: storage.map, inner: to.get(storage.variable) };
    case "nullable": {
      if (storage.inner.kind === "unknown") return NULL;
      const value = readStorage(storage.inner, version, to);
      const pointer = value.kind === "view" ? value.place : value.kind === "map" ? value.inner : null;
      const present =
        storage.present !== null
          ? readFlag(storage.present, to)
          : to.not(to.emit({ op: "isNull", a: pointer ?? constant("bool", 0n) }, "bool"));
      return settleNull({ kind: "nullable", id: version, present, value }, to);
    }
    case "object": {
      const fields = new Map(
        [...storage.fields].map(([key, part]) => [
          key,
          {
            kind: "cell",
            cell: { kind: "fixed", value: readStorage(part, to.partOf(version, key), to), what: TURNS },
          } as const,
        ]),
      );
      return {
        kind: "object",
        fields: new Map<string, Property>([...fields, ...storage.accessors]),
        name: storage.name,
      };
    }
    case "list":
      return {
        kind: "list",
        items: storage.items.map((item, index) => readStorage(item, to.partOf(version, String(index)), to)),
      };
    case "cursor":
      return cursorFrom(to.get(storage.position), to.get(storage.end), storage.forReading, to);
    case "unknown":
      return NULL;
    case "same":
      return storage.value;
  }
}

function readFlag(variable: number, to: Lowering) {
  return to.content(variable)?.operand ?? to.get(variable);
}

export function assignCell(cell: Cell, value: Value, node: ts.Node, to: Lowering): void {
  if (cell.kind === "fixed" && cell.value.kind === "poison") throw new Refusal(null);
  if (cell.kind === "fixed")
    return to.refuse((at) => readOnly(at, cell.what ?? "A constant", cell.ofModule === true ? "module" : null), node);
  to.touch(cell);
  assignInto(cell, value, node, to);
  loseRecord(value, to);
  const { kind } = settleNull(value, to);
  if (kind !== "nullable") to.learn([{ kind: "present", id: cell.version, present: kind !== "null" }]);
}

/** Gives an as yet unknown storage its shape, then assigns. */
function assignInto(cell: MutableCell, value: Value, node: ts.Node, to: Lowering): void {
  const { storage } = cell;
  const settled = settleNull(value, to);
  if (storage.kind === "nullable" && storage.inner.kind === "unknown" && settled.kind !== "null") {
    const inner = settled.kind === "nullable" ? settled.value : settled;
    cell.storage = {
      kind: "nullable",
      present: to.variable("bool", `${cell.name}?`),
      inner: storageFor([inner], null, false, cell.name, node, to),
    };
    to.reshaped = true;
  }
  assignStorage(cell.storage, settled, node, to);
}

export function assignStorage(storage: Storage, value: Value, node: ts.Node, to: Lowering): void {
  switch (storage.kind) {
    case "scalar": {
      const typed = coerce(value, storage.type, node, to);
      const [low, high] = to.bounds(typed);
      to.set(storage.variable, typed.operand, { low, high });
      return;
    }
    case "view": {
      const view = definite(value, node, to);
      if (
        view.kind !== "view" ||
        !sameLayout(view.layout, storage.example.layout) ||
        view.epoch < 0 !== storage.example.epoch < 0
      ) {
        return to.refuse((at) => wrongArgument(at, "a view of the same layout", describe(view)), node);
      }
      if (view.readOnly && !storage.example.readOnly)
        to.refuse((at) => differentShapes(at, "a view that can be written", "a view that can only be read"), node);
      storage.epoch = view.epoch;
      if (view.epoch >= 0) to.viewAssigned(storage.variable, view.epoch);
      to.set(storage.variable, offsetPlace(view, to));
      return;
    }
    case "map": {
      const found = definite(value, node, to);
      if (found.kind !== "map" || found.map !== storage.map || found.inner === null)
        return to.refuse((at) => escapingClosure(at), node);
      to.set(storage.variable, found.inner);
      return;
    }
    case "nullable":
      return assignNullable(storage, value, node, to);
    case "object": {
      const source = definite(value, node, to);
      if (source.kind !== "object") return to.refuse((at) => wrongArgument(at, storage.name, describe(source)), node);
      for (const [key, part] of storage.fields) assignStorage(part, readField(source, key, node, to) ?? NULL, node, to);
      return;
    }
    case "list": {
      const source = definite(value, node, to);
      if (source.kind !== "list") return to.refuse((at) => wrongArgument(at, "a list", describe(source)), node);
      if (source.items.length !== storage.items.length) refuseLength(source, storage, node, to);
      for (const [index, part] of storage.items.entries())
        assignStorage(part, source.items[index] ?? NULL, placeOfItem(source, index, node), to);
      return;
    }
    case "cursor": {
      const cursor = definite(value, node, to);
      if (!isCursor(cursor)) return to.refuse((at) => wrongArgument(at, "a cursor", describe(cursor)), node);
      const { position, end, forReading } = cursorParts(cursor, to);
      if (forReading && !storage.forReading)
        to.refuse((at) => differentShapes(at, "a cursor that writes", "a cursor that only reads"), node);
      to.set(storage.position, position);
      to.set(storage.end, end);
      return;
    }
    case "unknown":
      return;
    case "same":
      if (!sameValue(storage.value, settleNull(value, to))) refuseOther(storage.value, settleNull(value, to), node, to);
  }
}

const isFunction = (value: Value): boolean => value.kind === "function" || value.kind === "builtin";

/** A name that exists only while compiling was given a second value. */
function refuseOther(known: Value, value: Value, node: ts.Node, to: Lowering): never {
  if (isFunction(known) && isFunction(value)) return to.refuse((at) => escapingClosure(at), node);
  if (known.kind !== value.kind) return to.refuse((at) => differentShapes(at, describe(known), describe(value)), node);
  if (known.kind === "string") return to.refuse((at) => stringInDataPath(at), node);
  return to.refuse((at) => escapingObject(at, "several", capitalised(describe(value))), node);
}

function assignNullable(
  storage: Extract<Storage, { kind: "nullable" }>,
  value: Value,
  node: ts.Node,
  to: Lowering,
): void {
  const settled = settleNull(value, to);
  const flag = (present: Extract<Value, { kind: "nullable" }>["present"]) => {
    if (storage.present !== null)
      to.set(
        storage.present,
        present,
        present.kind === "constant" ? { low: present.value, high: present.value } : { low: 0n, high: 1n },
      );
  };
  if (settled.kind === "null") {
    flag(constant("bool", 0n));
    if (storage.present === null && (storage.inner.kind === "view" || storage.inner.kind === "map"))
      to.set(storage.inner.variable, { kind: "null", type: storage.inner.kind === "map" ? "map" : "pointer" });
    return;
  }
  if (settled.kind === "nullable") {
    flag(settled.present);
    return assignStorage(storage.inner, settled.value, node, to);
  }
  flag(constant("bool", 1n));
  assignStorage(storage.inner, settled, node, to);
}

/** A property of an object, or null when it has none. Getters are called. */
export function readField(object: ObjectValue, name: string, node: ts.Node, to: Lowering): Value | null {
  const property = object.fields.get(name);
  if (property === undefined) return null;
  if (property.kind === "cell") return readCell(property.cell, to);
  if (property.get === null)
    return to.refuse((at) => unknownField(at, name, "", "an object that only has it set"), node);
  return callFunction(property.get, [], node, to);
}

export function writeField(object: ObjectValue, name: string, value: Value, node: ts.Node, to: Lowering): void {
  const property = object.fields.get(name);
  if (property === undefined) return to.refuse((at) => readOnly(at, `'${name}'`), node);
  if (property.kind === "cell") return assignCell(property.cell, value, node, to);
  if (property.set === null) return to.refuse((at) => readOnly(at, `'${name}'`), node);
  callFunction(property.set, [value], node, to);
}
