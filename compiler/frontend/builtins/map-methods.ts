/** What each kind of map can do: method by method, by kind. */
import type { LayoutData, StructLayout } from "../../../sdk/layout/data.ts";
import type { MapData, MapKind } from "../../../sdk/maps/data.ts";
import type { Block, MapOperand, Op, Operand } from "../../ir/ir.ts";
import { callFunction, expectFunction } from "../calls.ts";
import { coerce, definite, settleNull, toCondition, toScalar } from "../coerce.ts";
import type { Jump } from "../frames.ts";
import { lowerSettled } from "../loops.ts";
import type { Lowering } from "../lowering.ts";
import { alive, inMemory, memoryView, offsetPlace, readView, writeAt } from "../memory.ts";
import { badDeclaration, outerJump, wrongArgument } from "../problems.ts";
import { constant, IR_TYPE, scalar, scalarConstant } from "../types.ts";
import type { ts } from "../typescript.js";
import {
  type BuiltinCall,
  describe,
  type MapValue,
  NULL,
  type NullableValue,
  type Value,
  type ViewValue,
} from "../values.ts";
import { argument, layoutOf, named } from "./arguments.ts";
import { indexInMemory } from "./maps.ts";

interface Use {
  readonly map: MapValue;
  readonly operand: MapOperand;
  readonly data: MapData;
  readonly call: BuiltinCall;
  readonly to: Lowering;
}
type Method = (use: Use) => Value;
type Methods = { readonly [K in MapKind]: Readonly<Record<string, Method>> };

const FLAGS: Readonly<Record<string, bigint>> = { any: 0n, new: 1n, exists: 2n };
const I64_ZERO = constant("i64", 0n);
const flags = (value: bigint): Operand => constant("u64", value);

/** Success of an operation that gives 0 or a negative errno. */
const succeeded = (result: Operand, to: Lowering): Value => scalar("bool", to.compare("eq", "i64", result, I64_ZERO));

function emitResult(op: Op, to: Lowering): Operand {
  return to.emit(op, "i64", "error");
}

/** A live value that may be missing: a view, or a copy of a scalar made where it exists. */
function found(pointer: Operand, layout: LayoutData, name: string, to: Lowering): NullableValue {
  const present = to.not(to.emit({ op: "isNull", a: pointer }, "bool", "missing"));
  const view = memoryView(layout, pointer);
  if (layout.kind !== "scalar") return { kind: "nullable", id: to.fresh(), present, value: view };
  return { kind: "nullable", id: to.fresh(), present, value: copied(view, present, name, to) };
}

/** A scalar is read only where the pointer is not null. */
function copied(view: ViewValue, present: Operand, name: string, to: Lowering): Value {
  const { layout } = view;
  if (layout.kind !== "scalar") return view;
  const variable = to.variable(IR_TYPE[layout.type], name);
  to.branch(
    present,
    undefined,
    () => to.set(variable, toScalar(readView(view, name, to), to.node as ts.Node, to).operand),
    () => undefined,
  );
  return scalar(layout.type, to.get(variable));
}

function get({ operand, data, call, to }: Use): Value {
  const key = data.key as LayoutData;
  const pointer = inMemory(argument(call, 0), key, "key", call.argument(0), to, (place) =>
    to.emit({ op: "mapLookup", map: operand, key: place }, "pointer", "found"),
  );
  return found(pointer, data.value as LayoutData, "value", to);
}

function at({ operand, data, call, to }: Use): Value {
  const pointer = indexInMemory(argument(call, 0), call.argument(0), to, (place) =>
    to.emit({ op: "mapLookup", map: operand, key: place }, "pointer", "found"),
  );
  return found(pointer, data.value as LayoutData, "value", to);
}

function inner({ map, operand, data, call, to }: Use): Value {
  const look = (place: Operand) => to.emit({ op: "mapInner", map: operand, key: place }, "map", "inner");
  const handle =
    data.kind === "arrayOfMaps"
      ? indexInMemory(argument(call, 0), call.argument(0), to, look)
      : inMemory(argument(call, 0), data.key as LayoutData, "key", call.argument(0), to, look);
  const present = to.not(to.emit({ op: "isNull", a: handle }, "bool", "missing"));
  return { kind: "nullable", id: to.fresh(), present, value: { kind: "map", map: map.map, inner: handle } };
}

function updateFlag(value: Value, call: BuiltinCall): bigint {
  if (value.kind === "null") return 0n;
  const known = value.kind === "string" ? named(FLAGS, value.value) : null;
  return known ?? call.to.refuse((at) => wrongArgument(at, "'any', 'new' or 'exists'", describe(value)), call.node);
}

function set({ operand, data, call, to }: Use): Value {
  to.effect("writing to a map", call.node);
  const flag = flags(updateFlag(argument(call, 2), call));
  return inMemory(argument(call, 0), data.key as LayoutData, "key", call.argument(0), to, (key) =>
    inMemory(argument(call, 1), data.value as LayoutData, "value", call.argument(1), to, (value) =>
      succeeded(emitResult({ op: "mapUpdate", map: operand, key, value, flags: flag }, to), to),
    ),
  );
}

function setAt({ operand, data, call, to }: Use): Value {
  to.effect("writing to a map", call.node);
  return indexInMemory(argument(call, 0), call.argument(0), to, (key) =>
    inMemory(argument(call, 1), data.value as LayoutData, "value", call.argument(1), to, (value) =>
      succeeded(emitResult({ op: "mapUpdate", map: operand, key, value, flags: flags(0n) }, to), to),
    ),
  );
}

function remove({ operand, data, call, to }: Use): Value {
  to.effect("deleting from a map", call.node);
  return inMemory(argument(call, 0), data.key as LayoutData, "key", call.argument(0), to, (key) =>
    succeeded(emitResult({ op: "mapDelete", map: operand, key }, to), to),
  );
}

// ---- prefixes

/**
 * The length takes four bytes, and the key's words stand behind it: they are written whole where they are at a multiple of eight. The
 * kernel, which compares eight bytes at a time, would have to wait for halves.
 */
const SKEW = 4;
const WORD = 8;

function withPrefix<R>({ data, to, call }: Use, length: Value, key: Value, use: (place: Operand) => R): R {
  const layout = data.key as StructLayout;
  const [lengthField, keyField] = layout.fields;
  if (lengthField === undefined || keyField === undefined) throw new Error("a prefix key has two fields");
  const offset = keyField.layout.size >= WORD ? SKEW : 0;
  return to.withSlot({ ...layout, size: layout.size + offset }, "prefix", (place) => {
    const view = { ...memoryView(layout, place), offset };
    writeAt(view, lengthField.layout, offset + lengthField.offset, length, call.argument(0), to);
    writeAt(view, keyField.layout, offset + keyField.offset, key, call.node, to);
    return use(offsetPlace(view, to));
  });
}

const keyBits = (data: MapData): Value =>
  scalarConstant("u32", BigInt(((data.key as StructLayout).fields[1]?.layout.size ?? 0) * 8));

function lookup(use: Use): Value {
  const { operand, data, call, to } = use;
  const pointer = withPrefix(use, keyBits(data), argument(call, 0), (place) =>
    to.emit({ op: "mapLookup", map: operand, key: place }, "pointer", "found"),
  );
  return found(pointer, data.value as LayoutData, "value", to);
}

function setPrefix(use: Use): Value {
  const { operand, data, call, to } = use;
  to.effect("writing to a map", call.node);
  return withPrefix(use, argument(call, 0), argument(call, 1), (key) =>
    inMemory(argument(call, 2), data.value as LayoutData, "value", call.argument(2), to, (value) =>
      succeeded(emitResult({ op: "mapUpdate", map: operand, key, value, flags: flags(0n) }, to), to),
    ),
  );
}

function deletePrefix(use: Use): Value {
  const { operand, call, to } = use;
  to.effect("deleting from a map", call.node);
  return withPrefix(use, argument(call, 0), argument(call, 1), (key) =>
    succeeded(emitResult({ op: "mapDelete", map: operand, key }, to), to),
  );
}

// ---- programs and redirection

function callProgram({ operand, call, to }: Use): Value {
  to.effect("a tail call", call.node);
  if (to.callbacks > 0) to.refuse((at) => outerJump(at, "A tail call"), call.node);
  to.recordsFinished();
  to.run({ op: "tailCall", map: operand, index: coerce(argument(call, 0), "u32", call.argument(0), to).operand });
  // Where it does not happen the packet is as it was, but many kernels (6.12 among them) believe that it has moved.
  to.movePacket();
  return NULL;
}

function redirectTo({ operand, call, to }: Use): Value {
  to.effect("redirecting", call.node);
  const fallback = argument(call, 1);
  const action =
    fallback.kind === "null"
      ? constant("u64", 0n)
      : to.convert(coerce(fallback, "u32", call.argument(1), to).operand, "u32", "u64");
  const key = coerce(argument(call, 0), "u32", call.argument(0), to).operand;
  return scalar("u32", to.emit({ op: "redirectMap", map: operand, key, flags: action }, "u32", "action"));
}

// ---- queues, stacks, filters

function push({ operand, data, call, to }: Use): Value {
  to.effect("writing to a map", call.node);
  const overwrite = argument(call, 1);
  const flag =
    overwrite.kind === "null"
      ? flags(0n)
      : to.select("u64", toCondition(overwrite, call.argument(1), to).operand, flags(2n), flags(0n));
  return inMemory(argument(call, 0), data.value as LayoutData, "value", call.argument(0), to, (value) =>
    succeeded(emitResult({ op: "mapPush", map: operand, value, flags: flag }, to), to),
  );
}

/** pop and peek copy into memory of the caller's own. */
const take =
  (op: "mapPop" | "mapPeek"): Method =>
  ({ operand, data, call, to }) => {
    if (op === "mapPop") to.effect("writing to a map", call.node);
    const layout = data.value as LayoutData;
    const place = to.slot(layout, "item");
    to.push({ kind: "zero", place, offset: 0, bytes: layout.size, at: to.place });
    const error = emitResult({ op, map: operand, value: place }, to);
    return {
      kind: "nullable",
      id: to.fresh(),
      present: to.compare("eq", "i64", error, I64_ZERO),
      value: readView(memoryView(layout, place), "item", to),
    };
  };

function has({ operand, data, call, to }: Use): Value {
  return inMemory(argument(call, 0), data.value as LayoutData, "value", call.argument(0), to, (value) =>
    succeeded(emitResult({ op: "mapPeek", map: operand, value }, to), to),
  );
}

// ---- ring buffers

function reserve({ operand, call, to }: Use): Value {
  to.effect("sending an event", call.node);
  const layout = layoutOf(argument(call, 0), call.argument(0), to);
  const pointer = to.emit({ op: "ringReserve", map: operand, bytes: layout.size }, "pointer", "record");
  const present = to.not(to.emit({ op: "isNull", a: pointer }, "bool", "missing"));
  const id = to.fresh();
  to.recordOpened(id, call.node);
  return { kind: "nullable", id, present, value: { ...memoryView(layout, pointer), record: id } };
}

const finishRecord =
  (op: "ringSubmit" | "ringDiscard"): Method =>
  ({ call, to }) => {
    const record = definite(argument(call, 0), call.argument(0), to);
    if (record.kind !== "view" || record.record === undefined || record.offset !== 0)
      return to.refuse((at) => wrongArgument(at, "a reserved record", describe(record)), call.argument(0));
    alive(record, call.argument(0), to);
    to.recordFinished(record.record);
    to.run({ op, record: record.place, flags: flags(0n) });
    return NULL;
  };

function output({ operand, call, to }: Use): Value {
  to.effect("sending an event", call.node);
  const layout = layoutOf(argument(call, 0), call.argument(0), to);
  return inMemory(argument(call, 1), layout, "event", call.argument(1), to, (data) =>
    succeeded(emitResult({ op: "ringOutput", map: operand, data, bytes: layout.size, flags: flags(0n) }, to), to),
  );
}

function drain({ operand, call, to }: Use): Value {
  to.effect("reading a user ring buffer", call.node);
  const layout = layoutOf(argument(call, 0), call.argument(0), to);
  const each = expectFunction(argument(call, 1), call.argument(1), to);
  const slot = to.slots.push({ id: to.slots.length, name: "record", layout }) - 1;
  const label = to.label();
  const { moves, place: where } = to;
  to.forgetForLoop(to.cells);
  const nested = lowerSettled(to, () =>
    callback(
      label,
      () => [readView(memoryView(layout, to.emit({ op: "slot", slot }, "pointer", "record")), "record", to)],
      each,
      call,
      to,
    ),
  );
  const result = to.temp("i64", "drained");
  to.push({ kind: "drain", label, map: operand, slot, result, body: nested.block as Block, at: where });
  to.forget([nested], to.moves !== moves, label);
  const positive = to.compare("gt", "i64", result, I64_ZERO);
  return scalar("u32", to.select("u32", positive, to.convert(result, "i64", "u32"), constant("u32", 0n)));
}

/** The kernel's stack holds eight functions, one of them the program. */
const DEEPEST_CALLBACK = 7;

/** A body that the kernel calls back: `return false` stops it. */
export function callback(
  label: number,
  values: () => readonly Value[],
  each: Parameters<typeof callFunction>[0],
  call: BuiltinCall,
  to: Lowering,
): ReturnType<Lowering["nested"]> {
  const jump: Jump = {
    label: null,
    breakTo: label,
    continueTo: null,
    callbacks: to.callbacks + 1,
    broken: false,
    continued: false,
  };
  if (to.callbacks >= DEEPEST_CALLBACK)
    to.refuse((at) => badDeclaration(at, `The kernel calls back at most ${DEEPEST_CALLBACK} deep.`), call.node);
  const { moves, epoch } = to;
  to.callbacks++;
  to.jumps.push(jump);
  try {
    const nested = to.nested(() => {
      to.hidePacket();
      const { records } = to.knowledge;
      const goOn = settleNull(callFunction(each, values(), call.node, to), to);
      to.recordsFinished(records);
      if (goOn.kind === "null") return;
      const condition = toCondition(goOn, call.node, to);
      to.branch(
        condition.operand,
        undefined,
        () => undefined,
        () => to.jump({ kind: "break", label, at: to.place }),
      );
    });
    return to.moves === moves ? { ...nested, knowledge: { ...nested.knowledge, epoch } } : nested;
  } finally {
    to.jumps.pop();
    to.callbacks--;
  }
}

const hashMethods = { get, set, delete: remove };
const arrayMethods = { at, set: setAt };
const redirects = { redirect: redirectTo };
const queues = { push, pop: take("mapPop"), peek: take("mapPeek") };

export const methods: Methods = {
  hash: hashMethods,
  lruHash: hashMethods,
  perCpuHash: hashMethods,
  perCpuLruHash: hashMethods,
  array: arrayMethods,
  perCpuArray: arrayMethods,
  lpm: { lookup, set: setPrefix, delete: deletePrefix },
  arrayOfMaps: { get: inner },
  hashOfMaps: { get: inner },
  progArray: { call: callProgram },
  devmap: redirects,
  devmapHash: redirects,
  cpumap: redirects,
  queue: queues,
  stack: queues,
  bloom: { add: push, has },
  ringBuffer: { reserve, submit: finishRecord("ringSubmit"), discard: finishRecord("ringDiscard"), output },
  userRingBuffer: { drain },
};
