/** Loads, stores, copies and clears: widths, alignments and byte orders. */
import type { ByteOrder, IrType, Op, Operand, Statement } from "../../ir/ir.ts";
import { isSigned } from "../../ir/ir.ts";
import { type IntegerType, type LlvmType, type Value, widthOf } from "../builder.ts";
import { clear, copy, loadAligned, storeAligned, swap } from "../prelude/helpers.ts";
import { at, type Frame, type Home, resize, valueFor } from "./frame.ts";
import { llvmType } from "./signature.ts";
import { halvesOf, joined } from "./wide.ts";

/** Integers that one load can fetch, by bytes. */
const WORD: Readonly<Record<number, IntegerType>> = { 1: "i8", 2: "i16", 4: "i32", 8: "i64" };

/** The pieces of a field of 1 to 16 bytes: those of 6 and 16 bytes take two loads. */
const PIECES: Readonly<Record<number, readonly number[]>> = { 1: [1], 2: [2], 4: [4], 6: [4, 2], 8: [8], 16: [8, 8] };

const naturalAlign = (type: LlvmType): number => (type === "ptr" ? 8 : type === "i1" ? 1 : widthOf(type) / 8);

function piecesOf(bytes: number): readonly number[] {
  const pieces = PIECES[bytes];
  if (pieces === undefined) throw new Error(`malformed IR: an access of ${bytes} bytes`);
  return pieces;
}

/** Of a number of 128 bits. */
const HALF_BYTES = 8;

const wordOf = (bytes: number): IntegerType => WORD[bytes] as IntegerType;

/** The alignment of `base + offset`, given that of `base`. */
const alignedAt = (align: number, offset: number): number => (offset === 0 ? align : Math.min(align, offset & -offset));

export function loadWord(frame: Frame, type: IntegerType, pointer: Value, align: number): Value {
  const { builder } = frame;
  if (type === "i128") {
    const low = loadWord(frame, "i64", pointer, align);
    return joined(frame, { low, high: loadWord(frame, "i64", at(frame, pointer, HALF_BYTES), align) });
  }
  return align >= naturalAlign(type) ? builder.load(type, pointer) : builder.call(loadAligned(type, align), [pointer]);
}

export function storeWord(frame: Frame, value: Value, pointer: Value, align: number): void {
  const { builder } = frame;
  if (value.type === "i128") {
    const { low, high } = halvesOf(frame, value);
    storeWord(frame, low, pointer, align);
    storeWord(frame, high, at(frame, pointer, HALF_BYTES), align);
    return;
  }
  if (align >= naturalAlign(value.type)) builder.store(value, pointer);
  else builder.call(storeAligned(value.type as IntegerType, align), [pointer, value]);
}

const swapped = (frame: Frame, value: Value, order: ByteOrder): Value =>
  order === "little" || value.type === "i8"
    ? value
    : frame.builder.call(swap(value.type as "i16" | "i32" | "i64"), [value]);

/**
 * The alignment to use for an access. Packets begin anywhere: on machines that load unaligned words (`natural`) the
 * access is as wide as the field, on others (`strict`) it goes byte by byte. Of memory, what an operation says holds only
 * if its place is aligned as well: an element of an array of odd sizes is not.
 */
function accessAlign(frame: Frame, place: Operand, align: number): number {
  if (place.type !== "packet") return Math.min(align, frame.facts.alignment(place));
  return frame.target.alignment === "natural" ? 8 : 1;
}

/** The unsigned integer of `bytes` bytes at `pointer`, in the smallest type that holds it. */
export function loadBytes(frame: Frame, pointer: Value, bytes: number, order: ByteOrder, align: number): Value {
  const { builder } = frame;
  const pieces = piecesOf(bytes);
  let offset = 0;
  const words = pieces.map((size) => {
    const word = loadWord(frame, wordOf(size), at(frame, pointer, offset), alignedAt(align, offset));
    offset += size;
    return swapped(frame, word, order);
  });
  const [first, second] = words;
  if (first === undefined) throw new Error("an access has pieces");
  if (second === undefined) return first;
  const wide: IntegerType = bytes === 6 ? "i64" : "i128";
  const [low, high] = order === "little" ? [first, second] : [second, first];
  const shift = builder.constant(wide, BigInt(widthOf(low.type)));
  return builder.binary("or", builder.binary("shl", resize(frame, high, wide), shift), resize(frame, low, wide));
}

/** Writes the low `bytes` bytes of an integer. */
export function storeBytes(
  frame: Frame,
  value: Value,
  pointer: Value,
  bytes: number,
  order: ByteOrder,
  align: number,
): void {
  const { builder } = frame;
  const pieces = piecesOf(bytes);
  let offset = 0;
  for (const size of pieces) {
    // The lowest bit of this piece within the value.
    const shift = order === "little" ? offset : bytes - offset - size;
    const part =
      shift === 0
        ? value
        : builder.binary("lshr", value, builder.constant(value.type as IntegerType, BigInt(shift * 8)));
    const word = swapped(frame, resize(frame, part, wordOf(size)), order);
    storeWord(frame, word, at(frame, pointer, offset), alignedAt(align, offset));
    offset += size;
  }
}

export function load(frame: Frame, op: Extract<Op, { op: "load" }>): Value {
  const { builder } = frame;
  const pointer = at(frame, valueFor(frame, op.place), op.offset);
  const loaded = loadBytes(frame, pointer, op.bytes, op.order, accessAlign(frame, op.place, op.align));
  if (op.type === "bool") return builder.compare("ne", loaded, builder.constant(loaded.type as IntegerType, 0n));
  return resize(frame, loaded, llvmType(op.type), isSigned(op.type));
}

export function store(frame: Frame, statement: Extract<Statement, { kind: "store" }>): void {
  const pointer = at(frame, valueFor(frame, statement.place), statement.offset);
  const { bytes, order } = statement;
  const value = valueFor(frame, statement.value);
  const needed: IntegerType = bytes > 8 ? "i128" : bytes > 4 ? "i64" : wordOf(bytes);
  const wide =
    widthOf(value.type) < widthOf(needed) ? resize(frame, value, needed, isSigned(statement.value.type)) : value;
  storeBytes(frame, wide, pointer, bytes, order, accessAlign(frame, statement.place, statement.align));
}

/** The alignment of a place whose use names none: that of its origin. */
const placeAlign = (frame: Frame, place: Operand, offset: number): number =>
  alignedAt(accessAlign(frame, place, frame.facts.alignment(place)), offset);

/** LLVM unrolls at most 128 stores; beyond it would call a library that is not there. */
const UNROLLED = 64;

export function zero(frame: Frame, statement: Extract<Statement, { kind: "zero" }>): void {
  const { place, offset, bytes } = statement;
  const base = valueFor(frame, place);
  const align = placeAlign(frame, place, offset);
  const chunk = UNROLLED * align;
  for (let done = 0; done < bytes; done += chunk) {
    frame.builder.call(clear(Math.min(chunk, bytes - done), align), [at(frame, base, offset + done)]);
  }
}

/** Bytes that a copy between overlapping places holds in registers at a time. */
const MOVED = 32;

export function copyBytes(frame: Frame, statement: Extract<Statement, { kind: "copy" }>): void {
  const { builder } = frame;
  const { bytes } = statement;
  const toAlign = placeAlign(frame, statement.to, statement.toOffset);
  const fromAlign = placeAlign(frame, statement.from, statement.fromOffset);
  const to = at(frame, valueFor(frame, statement.to), statement.toOffset);
  const from = at(frame, valueFor(frame, statement.from), statement.fromOffset);
  const overlapping = statement.to.type === "packet" && statement.from.type === "packet";
  const chunk = overlapping ? MOVED : UNROLLED * Math.min(toAlign, fromAlign);
  const starts = Array.from({ length: Math.ceil(bytes / chunk) }, (_, index) => index * chunk);
  const kind = overlapping ? "move" : "copy";
  const copyAt = (start: number): void => {
    const helper = copy(kind, Math.min(chunk, bytes - start), toAlign, fromAlign);
    builder.call(helper, [at(frame, to, start), at(frame, from, start)]);
  };
  if (!overlapping || starts.length === 1) {
    for (const start of starts) copyAt(start);
    return;
  }
  // A move in several steps goes away from the bytes still to be read.
  const [down, up, done] = [builder.block("move.down"), builder.block("move.up"), builder.block("moved")];
  builder.branch(builder.compare("ult", to, from), down, up);
  builder.enter(down);
  for (const start of starts) copyAt(start);
  builder.jump(done);
  builder.enter(up);
  for (const start of starts.toReversed()) copyAt(start);
  builder.jump(done);
  builder.enter(done);
}

// ---------------------------------------------------------------- values in memory of our own

/** The type under which a value lies in a home: bool as a byte. */
const storedType = (type: IrType): LlvmType => (type === "bool" ? "i8" : llvmType(type));

export function readHome(frame: Frame, { pointer, type, align }: Home): Value {
  const stored = storedType(type);
  const value =
    stored === "ptr" ? frame.builder.load("ptr", pointer) : loadWord(frame, stored as IntegerType, pointer, align);
  return type === "bool" ? frame.builder.cast("trunc", value, "i1") : value;
}

export function writeHome(frame: Frame, { pointer, type, align }: Home, value: Value): void {
  if (type === "bool") frame.builder.store(frame.builder.cast("zext", value, "i8"), pointer);
  else if (value.type === "ptr") frame.builder.store(value, pointer);
  else storeWord(frame, value, pointer, align);
}

/** Stack memory for a value of a type; only in the entry block. */
export function newHome(frame: Frame, type: IrType): Home {
  const stored = storedType(type);
  return {
    pointer: frame.builder.allocate(stored as IntegerType | "ptr", 1),
    type,
    align: stored === "ptr" ? 8 : naturalAlign(stored),
  };
}

/** Offsets of values that lie one after another, each in words of eight bytes. */
export function layOut(types: readonly IrType[]): { readonly offsets: readonly number[]; readonly bytes: number } {
  let bytes = 0;
  const offsets = types.map((type) => {
    const offset = bytes;
    bytes += type === "u128" ? 16 : 8;
    return offset;
  });
  return { offsets, bytes };
}

export const homeAt = (frame: Frame, block: Value, offset: number, type: IrType): Home => ({
  pointer: at(frame, block, offset),
  type,
  align: 8,
});
