/** Cursors. A cursor's position is a variable of the function, so that branches and loops may move it. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { Operand } from "../../ir/ir.ts";
import { coerce } from "../coerce.ts";
import type { Lowering } from "../lowering.ts";
import { packetView, readView } from "../memory.ts";
import { badDeclaration } from "../problems.ts";
import { constant, scalar } from "../types.ts";
import type { ts } from "../typescript.js";
import type { BuiltinCall, DeclaredValue, ScalarValue, Value, ViewValue } from "../values.ts";
import { argument, builtin, layoutOf } from "./arguments.ts";
import { reordered } from "./order.ts";

/** No packet is longer; offsets beyond can only fail. */
export const LONGEST = 16_383n;

interface Cursor {
  /** The variable that holds where it stands. */
  readonly position: number;
  /** Exclusive end of a slice; null when the packet's end is the only one. */
  readonly end: Operand | null;
  /** The end lies in the packet, as a slice's does. */
  readonly inside: boolean;
  /** Nothing is written through it: its bytes are summed up in a checksum that would not follow. */
  readonly forReading: boolean;
}

const positionOf = (cursor: Cursor, to: Lowering): ScalarValue => {
  const known = to.content(cursor.position);
  if (known !== undefined) return { ...scalar("u32", known.operand, known.low, known.high) };
  const read = to.get(cursor.position);
  const value = scalar("u32", read);
  to.holds(cursor.position, value);
  return value;
};

/**
 * Moves the cursor, whether or not there were so many bytes: beyond the end every later take fails too, so positions
 * stay known while compiling and one failed take needs no test of its own.
 */
function advance(cursor: Cursor, bytes: { operand: Operand; low: bigint; high: bigint }, to: Lowering): void {
  const base = positionOf(cursor, to);
  const [low, high] = to.bounds(base);
  const operand = to.binary("add", "u32", base.operand, bytes.operand);
  const reach = high + bytes.high;
  to.set(
    cursor.position,
    operand,
    reach <= 0xffff_ffffn ? { low: low + bytes.low, high: reach } : { low: 0n, high: 0xffff_ffffn },
  );
}

/** A length that cannot carry the position past 2^32: what is longer than any packet is as good as the longest. */
function bounded(value: Value, node: ts.Node, to: Lowering): ScalarValue {
  const bytes = coerce(value, "u32", node, to);
  const [low, high] = to.bounds(bytes);
  if (high <= LONGEST + 1n) return { ...bytes, low, high };
  const beyond = constant("u32", LONGEST + 1n);
  const clamped = to.select("u32", to.compare("lt", "u32", bytes.operand, beyond), bytes.operand, beyond);
  return { ...scalar("u32", clamped), low: low < LONGEST ? low : LONGEST, high: LONGEST + 1n };
}

/** Whether `bytes` bytes from the cursor are there, and the place they start at. */
function fitsAt(cursor: Cursor, size: number, to: Lowering): { place: Operand; present: Operand } {
  const position = positionOf(cursor, to);
  const [, high] = to.bounds(position);
  const place = to.emit(
    { op: "packetAt", offset: position.operand, max: high <= LONGEST ? Number(high) : null },
    "packet",
    "place",
  );
  const present: Operand = to.emit({ op: "packetFits", place, bytes: size }, "bool", "fits");
  if (cursor.end === null) return { place, present };
  if (cursor.end.kind === "constant" && cursor.end.value === NO_END.value) return { place, present };
  const within = to.compare(
    "le",
    "u32",
    to.binary("add", "u32", position.operand, constant("u32", BigInt(size))),
    cursor.end,
  );
  return { place, present: to.binary("and", "bool", present, within) };
}

/** A view of what is at the cursor; `moves` past it when it is there. */
function take(cursor: Cursor, call: BuiltinCall, moves: boolean): Value {
  const { to } = call;
  const layout = reordered(layoutOf(argument(call, 0), call.argument(0), to));
  if (layout.size > LONGEST)
    to.refuse(
      (at) => badDeclaration(at, `No packet holds ${layout.size} bytes: the longest has ${LONGEST}.`),
      call.node,
    );
  const { place, present } = fitsAt(cursor, layout.size, to);
  const value = layout.kind === "scalar" ? scalarAt(layout, place, present, to) : viewAt(cursor, layout, place, to);
  if (moves) advance(cursor, fixed(layout.size), to);
  return { kind: "nullable", id: to.fresh(), present, value };
}

const viewAt = ({ forReading }: Cursor, layout: LayoutData, place: Operand, to: Lowering): ViewValue => ({
  ...packetView(layout, place, to),
  readOnly: forReading,
});

const fixed = (size: number) => ({ operand: constant("u32", BigInt(size)), low: BigInt(size), high: BigInt(size) });

function scalarAt(
  layout: Extract<LayoutData, { kind: "scalar" }>,
  place: Operand,
  present: Operand,
  to: Lowering,
): Value {
  const view = packetView(layout, place, to);
  const variable = to.variable(readType(layout), "taken");
  to.branch(
    present,
    undefined,
    () => to.set(variable, (readView(view, "taken", to) as ScalarValue).operand),
    () => undefined,
  );
  return scalar(layout.type, to.get(variable));
}

const readType = (layout: Extract<LayoutData, { kind: "scalar" }>) =>
  layout.type === "bool"
    ? "bool"
    : layout.size > 8
      ? "u128"
      : layout.size > 4
        ? layout.type === "i64"
          ? "i64"
          : "u64"
        : layout.type === "i32"
          ? "i32"
          : "u32";

/** Where the cursor must stop. */
function endOf(cursor: Cursor, to: Lowering): Operand {
  if (cursor.end !== null && cursor.inside) return cursor.end;
  const length = to.emit({ op: "packetLength" }, "u32", "length");
  if (cursor.end === null) return length;
  return to.select("u32", to.compare("lt", "u32", cursor.end, length), cursor.end, length);
}

/** Bytes from the cursor to its end. */
function remaining(cursor: Cursor, to: Lowering): ScalarValue {
  const position = positionOf(cursor, to);
  const end = endOf(cursor, to);
  const left = to.compare("le", "u32", position.operand, end);
  return scalar(
    "u32",
    to.select("u32", left, to.binary("sub", "u32", end, position.operand), constant("u32", 0n)),
    0n,
    LONGEST,
  );
}

function hasRoom(cursor: Cursor, bytes: ScalarValue, to: Lowering): Operand {
  return to.compare("le", "u32", bytes.operand, remaining(cursor, to).operand);
}

function skip(cursor: Cursor, call: BuiltinCall): Value {
  const { to } = call;
  const bytes = bounded(argument(call, 0), call.argument(0), to);
  const room = hasRoom(cursor, bytes, to);
  advance(cursor, bytes, to);
  return scalar("bool", room);
}

function slice(cursor: Cursor, call: BuiltinCall): Value {
  const { to } = call;
  const bytes = bounded(argument(call, 0), call.argument(0), to);
  const room = hasRoom(cursor, bytes, to);
  const start = positionOf(cursor, to);
  const end = to.binary("add", "u32", start.operand, bytes.operand);
  const part = cursorAt(start, end, true, cursor.forReading, to);
  advance(cursor, bytes, to);
  return { kind: "nullable", id: to.fresh(), present: room, value: part };
}

/** The packet's own end, where an end must be a number. */
const NO_END = constant("u32", 0xffff_ffffn);

export const isCursor = (value: Value): value is DeclaredValue & { readonly data: Cursor } =>
  value.kind === "declared" && value.what === "a cursor";

/** Where a cursor stands and ends, as numbers. */
export function cursorParts(
  value: DeclaredValue & { readonly data: Cursor },
  to: Lowering,
): { position: Operand; end: Operand; forReading: boolean } {
  const { end, forReading } = value.data;
  return { position: positionOf(value.data, to).operand, end: end ?? NO_END, forReading };
}

/** The same cursor; what is viewed through it cannot be written. */
export const readingBy = ({ data }: DeclaredValue & { readonly data: Cursor }): DeclaredValue =>
  cursorOf({ ...data, forReading: true });

/** A cursor of its own that starts where another stood, on whichever path that was. */
export const cursorFrom = (position: Operand, end: Operand, reading: boolean, to: Lowering): DeclaredValue =>
  cursorAt(scalar("u32", position), end, false, reading, to);

/** A cursor that starts at `start` and ends with the packet. */
export const newCursor = (start: ScalarValue, end: Operand | null, to: Lowering): DeclaredValue =>
  cursorAt(start, end, true, false, to);

function cursorAt(
  start: ScalarValue,
  end: Operand | null,
  inside: boolean,
  reading: boolean,
  to: Lowering,
): DeclaredValue {
  const cursor: Cursor = { position: to.variable("u32", "position"), end, inside, forReading: reading };
  const [low, high] = to.bounds(start);
  to.set(cursor.position, start.operand, { low, high });
  return cursorOf(cursor);
}

function cursorOf(cursor: Cursor): DeclaredValue {
  return {
    kind: "declared",
    what: "a cursor",
    data: cursor,
    names: ["position", "remaining", "take", "peek", "skip", "slice"],
    read: (name, _node, use) =>
      name === "position" ? positionOf(cursor, use) : name === "remaining" ? remaining(cursor, use) : null,
    member: (name) => {
      switch (name) {
        case "take":
          return builtin(name, (call) => take(cursor, call, true));
        case "peek":
          return builtin(name, (call) => take(cursor, call, false));
        case "skip":
          return builtin(name, (call) => skip(cursor, call));
        case "slice":
          return builtin(name, (call) => slice(cursor, call));
        default:
          return null;
      }
    },
  };
}
