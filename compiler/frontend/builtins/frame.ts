/** The frame and its cursors. A cursor's position is a variable of the function, so that branches and loops may move it. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { Operand } from "../../ir/ir.ts";
import { coerce, definite } from "../coerce.ts";
import type { Lowering } from "../lowering.ts";
import { alive, offsetPlace, packetView, readView } from "../memory.ts";
import { wrongArgument } from "../problems.ts";
import { constant, scalar } from "../types.ts";
import type { ts } from "../typescript.ts";
import { type BuiltinCall, type DeclaredValue, describe, type ScalarValue, type Value } from "../values.ts";
import { argument, builtin, layoutOf } from "./arguments.ts";
import { reordered } from "./order.ts";

/** No packet is longer; offsets beyond can only fail. */
const LONGEST = 16_383n;

interface Cursor {
  readonly position: number;
  /** Exclusive end of a slice; null when the packet's end is the only one. */
  readonly end: Operand | null;
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
  const { place, present } = fitsAt(cursor, layout.size, to);
  const value = layout.kind === "scalar" ? scalarAt(layout, place, present, to) : packetView(layout, place, to);
  if (moves) advance(cursor, fixed(layout.size), to);
  return { kind: "nullable", id: to.fresh(), present, value };
}

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

/** Bytes from the cursor to its end. */
function remaining(cursor: Cursor, to: Lowering): ScalarValue {
  const position = positionOf(cursor, to);
  const end = cursor.end ?? to.emit({ op: "packetLength" }, "u32", "length");
  const left = to.compare("le", "u32", position.operand, end);
  return scalar("u32", to.select("u32", left, to.binary("sub", "u32", end, position.operand), constant("u32", 0n)));
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
  const part = newCursor(start, to.binary("add", "u32", start.operand, bytes.operand), to);
  advance(cursor, bytes, to);
  return { kind: "nullable", id: to.fresh(), present: room, value: part };
}

export function newCursor(start: ScalarValue, end: Operand | null, to: Lowering): DeclaredValue {
  const cursor: Cursor = { position: to.variable("u32", "position"), end };
  const [low, high] = to.bounds(start);
  to.set(cursor.position, start.operand, { low, high });
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

function adjust(op: "adjustHead" | "adjustTail", call: BuiltinCall): Value {
  const { to } = call;
  to.effect("moving the packet", call.node);
  const delta = coerce(argument(call, 0), "i32", call.argument(0), to);
  const error = to.emit({ op, delta: delta.operand }, "i64", "error");
  to.movePacket();
  return scalar("bool", to.compare("eq", "i64", error, constant("i64", 0n)));
}

function copy(op: "packetRead" | "packetWrite", call: BuiltinCall): Value {
  const { to } = call;
  if (op === "packetWrite") {
    to.effect("writing to the packet", call.node);
    to.packetWritten();
  }
  const offset = coerce(argument(call, 0), "u32", call.argument(0), to).operand;
  const memory = definite(argument(call, 1), call.argument(1), to);
  if (memory.kind !== "view" || memory.epoch >= 0)
    return to.refuse(
      (at) => wrongArgument(at, "memory: a map value or local(layout)", describe(memory)),
      call.argument(1),
    );
  alive(memory, call.argument(1), to);
  const place = offsetPlace(memory, to);
  const bytes = memory.layout.size;
  const error = to.emit(
    op === "packetRead" ? { op, offset, to: place, bytes } : { op, offset, from: place, bytes },
    "i64",
    "error",
  );
  return scalar("bool", to.compare("eq", "i64", error, constant("i64", 0n)));
}

const CONTEXT = { ingressInterface: "ingressInterface", queue: "queue", egressInterface: "egressInterface" } as const;

/** The packet that a program is run with. */
export const frameValue: DeclaredValue = {
  kind: "declared",
  what: "a frame",
  data: null,
  names: [
    "cursor",
    "length",
    "ingressInterface",
    "queue",
    "egressInterface",
    "adjustHead",
    "adjustTail",
    "read",
    "write",
  ],
  read: (name, _node, to) => {
    if (name === "length") return scalar("u32", to.emit({ op: "packetLength" }, "u32", "length"), 0n, LONGEST);
    const field = CONTEXT[name as keyof typeof CONTEXT];
    return field === undefined ? null : scalar("u32", to.emit({ op: "context", field }, "u32", name));
  },
  member: (name) => {
    switch (name) {
      case "cursor":
        return builtin(name, (call) => {
          const start = argument(call, 0);
          return newCursor(
            start.kind === "null"
              ? scalar("u32", constant("u32", 0n))
              : coerce(start, "u32", call.argument(0), call.to),
            null,
            call.to,
          );
        });
      case "adjustHead":
      case "adjustTail":
        return builtin(name, (call) => adjust(name, call));
      case "read":
        return builtin(name, (call) => copy("packetRead", call));
      case "write":
        return builtin(name, (call) => copy("packetWrite", call));
      default:
        return null;
    }
  },
};
