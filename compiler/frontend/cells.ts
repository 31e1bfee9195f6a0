/** What names and the properties of objects are bound to: reading it, assigning it, and one value where several paths meet. */
import { callFunction } from "./calls.ts";
import { coerce, settleNull } from "./coerce.ts";
import type { Hole } from "./drafts.ts";
import { Refusal } from "./frames.ts";
import type { Lowering } from "./lowering.ts";
import { readOnly, unknownField } from "./problems.ts";
import { isKnown, sameValue } from "./same.ts";
import type { Cell, MutableCell } from "./scope.ts";
import { storageFor } from "./shapes.ts";
import { assignStorage, readStorage } from "./storage.ts";
import type { ts } from "./typescript.js";
import { NULL, type ObjectValue, POISON, type ScalarType, type Value } from "./values.ts";

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

export function readCell(cell: Cell, to: Lowering): Value {
  return cell.kind === "fixed" ? cell.value : readStorage(cell.storage, cell.version, to);
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
