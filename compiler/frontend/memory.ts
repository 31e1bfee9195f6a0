/** Views: reading and writing fields of packets, map values, slots and globals, and laying values out in memory. */
import type { BitsLayout, LayoutData, ScalarLayout, StructLayout } from "../../sdk/layout/data.ts";
import { sameLayout } from "../../sdk/layout/data.ts";
import type { Operand } from "../ir/ir.ts";
import { readField as readObjectField } from "./cells.ts";
import { coerce, definite, settleNull } from "./coerce.ts";
import type { Lowering } from "./lowering.ts";
import {
  dynamicProperty,
  escapingObject,
  finishedRecord,
  indexOutOfRange,
  lockMisuse,
  missingField,
  readOnly,
  staleView,
  unknownField,
  wrongArgument,
} from "./problems.ts";
import { constant, IR_TYPE, scalar, scalarConstant } from "./types.ts";
import type { ts } from "./typescript.js";
import {
  capitalised,
  describe,
  NULL,
  type NullableValue,
  placeOfField,
  placeOfItem,
  type ScalarValue,
  type Value,
  type ViewValue,
} from "./values.ts";

/** A view of memory that the packet's moves do not kill. */
export const memoryView = (layout: LayoutData, place: Operand, readOnlyView = false): ViewValue => ({
  kind: "view",
  layout,
  place,
  offset: 0,
  readOnly: readOnlyView,
  epoch: -1,
});
export const packetView = (layout: LayoutData, place: Operand, to: Lowering): ViewValue => ({
  kind: "view",
  layout,
  place,
  offset: 0,
  readOnly: false,
  epoch: to.epoch,
});

const alignmentAt = (view: ViewValue, offset: number, size: number): number => {
  if (view.epoch >= 0) return 1;
  let align = 8;
  while (align > 1 && (offset % align !== 0 || align > size)) align /= 2;
  return align;
};

/** Refuses views that a head or tail adjustment has killed, and those of records that are not the program's any more. */
export function alive(view: ViewValue, node: ts.Node, to: Lowering): void {
  if (view.record !== undefined && to.knowledge.finished.has(view.record)) to.refuse((at) => finishedRecord(at), node);
  if (view.epoch < 0) return;
  if (view.epoch !== to.epoch) to.refuse((at) => staleView(at), node);
}

function loadScalar(view: ViewValue, layout: ScalarLayout, offset: number, name: string, to: Lowering): ScalarValue {
  const type = IR_TYPE[layout.type];
  const place = { place: view.place, offset, align: alignmentAt(view, offset, layout.size) };
  const value = to.emit({ op: "load", type, bytes: layout.size, order: layout.order, ...place }, type, name);
  return scalar(layout.type, value);
}

/** The value at `offset` of a view: scalars are copied now, structs and arrays are aliases. */
export function readAt(view: ViewValue, layout: LayoutData, offset: number, name: string, to: Lowering): Value {
  if (layout.kind === "scalar") return loadScalar(view, layout, offset, name, to);
  return { ...view, layout, offset };
}

/** The whole of a view as a value. */
export const readView = (view: ViewValue, name: string, to: Lowering): Value =>
  readAt(view, view.layout, view.offset, name, to);

const wordType = (layout: BitsLayout) => (layout.size === 8 ? "u64" : "u32") as "u64" | "u32";

function loadBits(view: ViewValue, layout: BitsLayout, name: string, to: Lowering): Operand {
  return to.emit(
    {
      op: "load",
      type: wordType(layout),
      bytes: layout.size,
      order: layout.order,
      place: view.place,
      offset: view.offset,
      align: alignmentAt(view, view.offset, layout.size),
    },
    wordType(layout),
    name,
  );
}

function readBitField(view: ViewValue, layout: BitsLayout, name: string, node: ts.Node, to: Lowering): ScalarValue {
  const field = layout.fields.find((f) => f.name === name);
  if (field === undefined)
    return to.refuse((at) => unknownField(at, name, layout.fields.map((f) => f.name).join(", ")), node);
  const word = wordType(layout);
  const high = (1n << BigInt(field.width)) - 1n;
  const shifted = to.binary("shr", word, loadBits(view, layout, name, to), constant(word, BigInt(field.shift)));
  const whole = field.shift + field.width === layout.size * 8;
  const masked = whole ? shifted : to.binary("and", word, shifted, constant(word, high));
  return scalar("u32", to.convert(masked, word, "u32"), 0n, high);
}

const bitField = (layout: BitsLayout, name: string) => {
  const found = layout.fields.find((f) => f.name === name);
  return found;
};

function writeBitField(
  view: ViewValue,
  layout: BitsLayout,
  name: string,
  value: Value,
  node: ts.Node,
  to: Lowering,
): void {
  const field = bitField(layout, name);
  if (field === undefined)
    return to.refuse((at) => unknownField(at, name, layout.fields.map((f) => f.name).join(", ")), node);
  const word = wordType(layout);
  const mask = ((1n << BigInt(field.width)) - 1n) << BigInt(field.shift);
  const part = coerce(value, "u32", node, to);
  const wide = to.convert(part.operand, "u32", word);
  const placed = to.binary(
    "and",
    word,
    to.binary("shl", word, wide, constant(word, BigInt(field.shift))),
    constant(word, mask),
  );
  const kept = to.binary("and", word, loadBits(view, layout, name, to), constant(word, ~mask));
  storeRaw(view, view.offset, layout.size, layout.order, to.binary("or", word, kept, placed), to);
}

function storeRaw(
  view: ViewValue,
  offset: number,
  bytes: number,
  order: "little" | "big",
  value: Operand,
  to: Lowering,
): void {
  if (view.epoch >= 0) to.packetWritten();
  to.push({
    kind: "store",
    place: view.place,
    offset,
    bytes,
    order,
    value,
    align: alignmentAt(view, offset, bytes),
    at: to.place,
  });
}

/** Stack memory: nobody else sees what is written there. */
const isLocal = (view: ViewValue, to: Lowering): boolean =>
  view.place.kind === "temp" && to.localPlaces.has(view.place.id);

const structField = (layout: StructLayout, name: string) => layout.fields.find((f) => f.name === name);

export function readMember(view: ViewValue, name: string, node: ts.Node, to: Lowering): Value {
  alive(view, node, to);
  const { layout } = view;
  if (layout.kind === "bits") {
    const { shift, width } = bitField(layout, name) ?? { shift: 0, width: 0 };
    const what = `${layout.size}${layout.order}:${shift}:${width}`;
    return readOnce(view, view.offset, what, to, () => readBitField(view, layout, name, node, to));
  }
  if (layout.kind === "array" && name === "length") return scalarConstant("u32", BigInt(layout.length));
  if (layout.kind !== "struct") return to.refuse((at) => unknownField(at, name, ""), node);
  const field = structField(layout, name);
  if (field === undefined)
    return to.refuse((at) => unknownField(at, name, layout.fields.map((f) => f.name).join(", ")), node);
  const offset = view.offset + field.offset;
  const read = () => readAt(view, field.layout, offset, name, to);
  if (field.layout.kind !== "scalar") return read();
  return readOnce(view, offset, `${field.layout.type}${field.layout.order}`, to, read);
}

/**
 * A packet's field is loaded once until something is written to the packet, so that what a test has shown of it still
 * holds. `what` tells apart the fields that begin at one offset: a struct's first field, and that field's own first.
 */
function readOnce<V extends Value>(view: ViewValue, offset: number, what: string, to: Lowering, read: () => V): V {
  if (view.epoch < 0 || view.place.kind !== "temp") return read();
  const key = `${view.place.id}:${offset}:${what}`;
  const known = to.knowledge.loads.get(key);
  if (known !== undefined) return known as V;
  const value = read();
  if (value.kind === "scalar") to.loaded(key, value);
  return value;
}

export function writeMember(view: ViewValue, name: string, value: Value, node: ts.Node, to: Lowering): void {
  alive(view, node, to);
  const { layout } = view;
  // Of a packet, what is read only is what a checksum covers.
  if (view.readOnly) to.refuse((at) => readOnly(at, `'${name}'`, view.epoch >= 0 ? "summed" : null), node);
  if (to.purity !== null && !isLocal(view, to)) to.effect("writing a field", node);
  if (layout.kind === "bits") return writeBitField(view, layout, name, value, node, to);
  if (layout.kind !== "struct") return to.refuse((at) => unknownField(at, name, ""), node);
  const field = structField(layout, name);
  if (field === undefined)
    return to.refuse((at) => unknownField(at, name, layout.fields.map((f) => f.name).join(", ")), node);
  writeAt(view, field.layout, view.offset + field.offset, value, node, to);
}

/** Writes a whole value: scalars are checked against the layout's type, objects field by field. */
export function writeAt(
  view: ViewValue,
  layout: LayoutData,
  offset: number,
  value: Value,
  node: ts.Node,
  to: Lowering,
): void {
  switch (layout.kind) {
    case "scalar":
      if (value.kind === "object" || value.kind === "list" || value.kind === "function")
        to.refuse((at) => escapingObject(at, "place", capitalised(describe(value)), `a ${layout.type}`), node);
      return storeRaw(view, offset, layout.size, layout.order, coerce(value, layout.type, node, to).operand, to);
    case "spinLock":
      return to.refuse((at) => lockMisuse(at, "Writing the lock itself"), node);
    case "bits":
      return writeBits(view, layout, offset, value, node, to);
    case "array":
    case "struct":
      return writeAggregate(view, layout, offset, value, node, to);
  }
}

function writeBits(
  view: ViewValue,
  layout: BitsLayout,
  offset: number,
  value: Value,
  node: ts.Node,
  to: Lowering,
): void {
  const word = wordType(layout);
  const source = definite(value, node, to);
  let whole: Operand = constant(word, 0n);
  for (const field of layout.fields) {
    const part = coerce(partOf(source, field.name, node, to), "u32", placeOfField(source, field.name, node), to);
    const masked = to.binary(
      "and",
      word,
      to.convert(part.operand, "u32", word),
      constant(word, (1n << BigInt(field.width)) - 1n),
    );
    whole = to.binary("or", word, whole, to.binary("shl", word, masked, constant(word, BigInt(field.shift))));
  }
  storeRaw(view, offset, layout.size, layout.order, whole, to);
}

/** Field `name` of an object or view. */
function partOf(source: Value, name: string, node: ts.Node, to: Lowering): Value {
  if (source.kind === "view") return readMember(source, name, node, to);
  if (source.kind === "object") {
    const part = readObjectField(source, name, node, to);
    if (part !== null) return part;
  }
  return to.refuse((at) => missingField(at, name), node);
}

function writeAggregate(
  view: ViewValue,
  layout: Extract<LayoutData, { kind: "array" | "struct" }>,
  offset: number,
  value: Value,
  node: ts.Node,
  to: Lowering,
): void {
  const source = definite(value, node, to);
  if (source.kind === "view" && sameLayout(source.layout, layout)) {
    alive(source, node, to);
    if (view.epoch >= 0) to.packetWritten();
    to.push({
      kind: "copy",
      to: view.place,
      toOffset: offset,
      from: source.place,
      fromOffset: source.offset,
      bytes: layout.size,
      at: to.place,
    });
    return;
  }
  if (layout.kind === "array") {
    for (let i = 0; i < layout.length; i++) {
      const item = itemOf(source, i, layout.length, node, to);
      writeAt(view, layout.of, offset + i * layout.of.size, item, placeOfItem(source, i, node), to);
    }
    return;
  }
  if (source.kind !== "object" && source.kind !== "view")
    to.refuse((at) => wrongArgument(at, "a struct value", describe(source)), node);
  if (source.kind === "object") {
    const known = layout.fields.map(({ name }) => name);
    // What has nothing of it, such as a packet, is no struct value at all.
    if (!known.some((name) => source.fields.has(name)) && source.fields.size > 0 && known.length > 0)
      to.refuse((at) => wrongArgument(at, `a struct value of ${known.join(", ")}`, describe(source)), node);
    for (const name of source.fields.keys())
      if (structField(layout, name) === undefined)
        to.refuse((at) => unknownField(at, name, layout.fields.map((f) => f.name).join(", ")), node);
  }
  for (const field of layout.fields) {
    if (field.layout.kind === "spinLock") continue;
    const part = partOf(source, field.name, node, to);
    writeAt(view, field.layout, offset + field.offset, part, placeOfField(source, field.name, node), to);
  }
}

function itemOf(source: Value, index: number, length: number, node: ts.Node, to: Lowering): Value {
  if (source.kind === "list" && source.items.length === length) return source.items[index] ?? NULL;
  if (source.kind === "view" && source.layout.kind === "array" && source.layout.length === length)
    return readAt(source, source.layout.of, source.offset + index * source.layout.of.size, "item", to);
  return to.refuse((at) => wrongArgument(at, `a list of ${length}`, describe(source)), node);
}

/** Whether every byte of a layout belongs to a field. */
export function hasPadding(layout: LayoutData): boolean {
  if (layout.kind === "array") return hasPadding(layout.of);
  if (layout.kind !== "struct") return false;
  let end = 0;
  for (const field of layout.fields) {
    if (field.offset !== end || hasPadding(field.layout)) return true;
    end = field.offset + field.layout.size;
  }
  return end !== layout.size;
}

/** Gives `use` a place that holds the value as `layout` lays it out, padding zero: a view as it stands, or a stack slot. */
export function inMemory<R>(
  value: Value,
  layout: LayoutData,
  name: string,
  node: ts.Node,
  to: Lowering,
  use: (place: Operand) => R,
): R {
  const settled = settleNull(value, to);
  if (settled.kind === "view" && sameLayout(settled.layout, layout) && !hasPadding(layout) && settled.epoch < 0) {
    return use(offsetPlace(settled, to));
  }
  return to.withSlot(layout, name, (place) => {
    if (hasPadding(layout)) to.push({ kind: "zero", place, offset: 0, bytes: layout.size, at: to.place });
    writeAt(memoryView(layout, place), layout, 0, settled, node, to);
    return use(place);
  });
}

/** The view's first byte as a place of its own. */
export const offsetPlace = (view: ViewValue, to: Lowering): Operand =>
  view.offset === 0
    ? view.place
    : to.emit(
        { op: "offset", type: view.epoch < 0 ? "pointer" : "packet", a: view.place, bytes: view.offset },
        view.epoch < 0 ? "pointer" : "packet",
      );

/** `array[index]`: direct where the index is proven to be inside, otherwise null outside. */
export function elementOf(view: ViewValue, index: Value, node: ts.Node, to: Lowering): Value {
  alive(view, node, to);
  const { layout } = view;
  if (layout.kind !== "array") return to.refuse((at) => dynamicProperty(at, "names", describe(view)), node);
  const at = coerce(index, "u32", node, to);
  const [low, high] = to.bounds(at);
  if (low >= BigInt(layout.length))
    return to.refuse((span) => indexOutOfRange(span, String(low), layout.length, true), node);
  if (at.operand.kind === "constant")
    return readAt(view, layout.of, view.offset + Number(low) * layout.of.size, "item", to);
  if (high < BigInt(layout.length)) return elementAt(view, layout.of, layout.length, at.operand, to);
  const inside = to.compare("lt", "u32", at.operand, constant("u32", BigInt(layout.length)));
  return guarded(
    inside,
    layout.of,
    (bounded) => elementAt(view, layout.of, layout.length, bounded, to),
    at.operand,
    to,
  );
}

function elementAt(view: ViewValue, of: LayoutData, count: number, index: Operand, to: Lowering): Value {
  const type = view.epoch < 0 ? "pointer" : "packet";
  const place = to.emit({ op: "element", type, a: offsetPlace(view, to), index, stride: of.size, count }, type, "item");
  return readAt({ ...view, place, offset: 0 }, of, 0, "item", to);
}

/** A nullable that is present when the index is inside; the index is replaced by 0 outside, so that the access is always legal. */
function guarded(
  inside: Operand,
  _of: LayoutData,
  make: (index: Operand) => Value,
  index: Operand,
  to: Lowering,
): NullableValue {
  const bounded = to.select("u32", inside, index, constant("u32", 0n));
  return { kind: "nullable", id: to.fresh(), present: inside, value: make(bounded) };
}
