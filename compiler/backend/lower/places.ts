/** Places: in the packet, in map values, on the stack. What the verifier must be able to follow. */
import type { Op, Operand } from "../../ir/ir.ts";
import type { Value } from "../builder.ts";
import { barrier, bounded, contextField, contextPointer, packetBytes } from "../prelude/helpers.ts";
import { at, contextOf, type Frame, i64, packetOf, resize, slotOf, valueFor } from "./frame.ts";

/** Offsets of the fields of `struct xdp_md`. */
const DATA = 0;
const DATA_END = 4;
const CONTEXT_FIELD = { ingressInterface: 12, queue: 16, egressInterface: 20 } as const;

/** The largest offset of a place that can be in a packet (ir.ts), and one that surely is in none but that the verifier allows. */
const LAST_OFFSET = 16_383;
const BEYOND = 0xf000;

/** Reads the packet's bounds. `again` where they may move, or have moved: this read then stays where it is. */
export function readPacketBounds(frame: Frame, again: boolean): void {
  const { builder, packet } = frame;
  if (packet === null) return;
  const context = contextOf(frame);
  builder.store(builder.call(contextPointer(DATA, again), [context]), packet.start);
  builder.store(builder.call(contextPointer(DATA_END, again), [context]), packet.end);
}

/**
 * Adds a variable offset. The sum stands behind a barrier: the verifier ties what a check proved to one register's
 * value, and the optimiser would otherwise compute the sum anew after the check.
 */
function variablePlace(frame: Frame, base: Value, offset: Value): Value {
  const { builder } = frame;
  return builder.call(barrier("ptr"), [builder.offset(base, offset)]);
}

export function packetAt(frame: Frame, op: Extract<Op, { op: "packetAt" }>): Value {
  const { builder } = frame;
  const { start } = packetOf(frame);
  const offset = resize(frame, valueFor(frame, op.offset), "i64");
  if (offset.constant !== null) {
    const unsigned = BigInt.asUintN(64, offset.constant);
    const within = unsigned <= BigInt(LAST_OFFSET) ? unsigned : BigInt(BEYOND);
    return builder.offset(start, i64(frame, within));
  }
  if (frame.facts.maximum(op.offset) <= BigInt(LAST_OFFSET)) {
    // A constant part goes behind the barrier, into the accesses.
    const { base, constant } = frame.facts.sum(op.offset);
    return builder.offset(variablePlace(frame, start, boundedValue(frame, base)), i64(frame, constant));
  }
  if (op.max !== null && op.max <= LAST_OFFSET) return variablePlace(frame, start, masked(frame, offset, op.max));
  return variablePlace(frame, start, builder.call(bounded(LAST_OFFSET, BEYOND), [offset]));
}

export function advance(frame: Frame, op: Extract<Op, { op: "advance" }>): Value {
  const place = valueFor(frame, op.a);
  const by = boundedValue(frame, op.by);
  return by.constant !== null ? frame.builder.offset(place, by) : variablePlace(frame, place, by);
}

/** A number whose maximum is known, in a form in which the verifier sees that too. */
function boundedValue(frame: Frame, operand: Operand): Value {
  const value = resize(frame, valueFor(frame, operand), "i64");
  const hidden = value.constant === null && frame.facts.isHidden(operand);
  return hidden ? masked(frame, value, Number(frame.facts.maximum(operand))) : value;
}

/** A value proven to be at most `max`, in a form in which the verifier sees a bound too. */
function masked(frame: Frame, value: Value, max: number): Value {
  const { builder } = frame;
  const mask = 2 ** Math.ceil(Math.log2(max + 1)) - 1;
  return builder.binary("and", builder.call(barrier("i64"), [value]), i64(frame, mask));
}

export function packetFits(frame: Frame, op: Extract<Op, { op: "packetFits" }>): Value {
  const { end } = packetOf(frame);
  return frame.builder.compare("ule", at(frame, valueFor(frame, op.place), op.bytes), end);
}

export function packetLength(frame: Frame): Value {
  const { builder } = frame;
  const { start, end } = packetOf(frame);
  const address = (value: Value): Value => builder.cast("ptrtoint", value, "i64");
  return resize(frame, builder.call(packetBytes, [address(start), address(end)]), "i32");
}

export function context(frame: Frame, op: Extract<Op, { op: "context" }>): Value {
  const field = frame.builder.call(contextField(CONTEXT_FIELD[op.field], false), [contextOf(frame)]);
  return resize(frame, field, "i32");
}

export const offset = (frame: Frame, op: Extract<Op, { op: "offset" }>): Value =>
  at(frame, valueFor(frame, op.a), op.bytes);

/** An index that the verifier sees to be below `count`. */
function boundedIndex(frame: Frame, index: Operand, count: number): Value {
  const value = resize(frame, valueFor(frame, index), "i64");
  if (value.constant !== null) return value;
  if (frame.facts.maximum(index) < BigInt(count) && !frame.facts.isHidden(index)) return value;
  const powerOfTwo = (count & (count - 1)) === 0;
  return powerOfTwo ? masked(frame, value, count - 1) : frame.builder.call(bounded(count - 1, 0), [value]);
}

export function element(frame: Frame, op: Extract<Op, { op: "element" }>): Value {
  const { builder } = frame;
  const base = valueFor(frame, op.a);
  const bytes = builder.binary("mul", boundedIndex(frame, op.index, op.count), i64(frame, op.stride));
  if (bytes.constant !== null) return builder.offset(base, bytes);
  // Of memory whose alignment LLVM knows, it would make the sum an "or", which the verifier refuses on pointers.
  const origin = op.type === "pointer" ? builder.call(barrier("ptr"), [base]) : base;
  const place = variablePlace(frame, origin, bytes);
  return op.type === "packet" ? stillInside(frame, place, base, op.stride) : place;
}

/**
 * The verifier forgets what it knew of a packet pointer when a variable is added to it. The element lies inside what
 * was checked, so this test always holds; the array's start, which it would give otherwise, is inside for sure.
 */
function stillInside(frame: Frame, place: Value, base: Value, bytes: number): Value {
  const { builder } = frame;
  const inside = builder.compare("ule", at(frame, place, bytes), packetOf(frame).end);
  return builder.select(inside, place, base);
}

export const slot = (frame: Frame, op: Extract<Op, { op: "slot" }>): Value => slotOf(frame, op.slot);

export function global(frame: Frame, op: Extract<Op, { op: "global" }>): Value {
  const found = frame.module.globals[op.global];
  if (found === undefined) throw new Error(`malformed IR: there is no global ${op.global}`);
  return frame.builder.global(found.name);
}
