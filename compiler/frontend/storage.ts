/** Reading and assigning storage: the variables of a name, by the shape of what it holds. */
import { sameLayout } from "../../sdk/layout/data.ts";
import { cursorFrom, cursorParts, isCursor } from "./builtins/cursor.ts";
import { readField } from "./cells.ts";
import { coerce, definite, settleNull } from "./coerce.ts";
import type { Lowering } from "./lowering.ts";
import { offsetPlace } from "./memory.ts";
import { differentShapes, escapingClosure, escapingObject, stringInDataPath, wrongArgument } from "./problems.ts";
import { sameValue } from "./same.ts";
import type { Storage } from "./scope.ts";
import { refuseLength } from "./shapes.ts";
import { constant, scalar } from "./types.ts";
import type { ts } from "./typescript.js";
import { capitalised, describe, NULL, type Property, placeOfItem, type Value } from "./values.ts";

/** Two names may stand for one object, so a field of one that changes as a whole has no place of its own. */
const TURNS = "A field of an object that is chosen between, or held by an assigned 'let',";

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
