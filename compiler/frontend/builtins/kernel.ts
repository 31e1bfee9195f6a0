/** Kernel helpers: time, random, redirection, atomics, locks, loops the kernel runs, FIB, checksums, logging. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { Block, Op, Operand } from "../../ir/ir.ts";
import { callFunction, expectFunction } from "../calls.ts";
import { coerce, definite, settleNull, toScalar } from "../coerce.ts";
import { lowerSettled } from "../loops.ts";
import type { Lowering } from "../lowering.ts";
import { alive, offsetPlace } from "../memory.ts";
import { lockMisuse, wrongArgument } from "../problems.ts";
import { constant, IR_TYPE, scalar } from "../types.ts";
import {
  type BuiltinCall,
  type DeclaredValue,
  describe,
  NULL,
  type ScalarType,
  type Value,
  type ViewValue,
} from "../values.ts";
import { argument, builtin, named, textArgument } from "./arguments.ts";
import { callback } from "./map-methods.ts";

const CLOCKS = ["monotonic", "coarse", "boot", "jiffies"] as const;

function clock(call: BuiltinCall): Value {
  const kind = textArgument(call, 0, "a clock");
  const known =
    CLOCKS.find((name) => name === kind) ??
    call.to.refuse((at) => wrongArgument(at, "'monotonic', 'coarse', 'boot' or 'jiffies'", `'${kind}'`), call.node);
  return scalar("u64", call.to.emit({ op: "time", clock: known }, "u64", "now"));
}

function redirect(call: BuiltinCall): Value {
  call.to.effect("redirecting", call.node);
  const target = coerce(argument(call, 0), "u32", call.argument(0), call.to);
  return scalar(
    "u32",
    call.to.emit({ op: "redirect", interface: target.operand, flags: constant("u64", 0n) }, "u32", "action"),
  );
}

// ---- bpf_loop

function loop(call: BuiltinCall): Value {
  const { to } = call;
  if (to.locked) to.refuse((at) => lockMisuse(at, "A loop that the kernel runs"), call.node);
  const trips = coerce(argument(call, 0), "u32", call.argument(0), to);
  const each = expectFunction(argument(call, 1), call.argument(1), to);
  const label = to.label();
  const { moves, place } = to;
  const done = to.variable("u32", "runs");
  to.set(done, constant("u32", 0n));
  to.forgetForLoop(to.cells);
  const index = to.temp("u32", "index");
  const body = lowerSettled(to, () => {
    const [, high] = to.bounds(trips);
    return callback(
      label,
      () => {
        to.set(done, to.binary("add", "u32", index, constant("u32", 1n)));
        return [scalar("u32", index, 0n, high > 0n ? high - 1n : 0n)];
      },
      each,
      call,
      to,
    );
  });
  to.push({ kind: "repeat", label, trips: trips.operand, index, body: body.block as Block, at: place });
  to.forget([body], to.moves !== moves, label);
  return scalar("u32", to.get(done));
}

// ---- atomics

interface Word {
  readonly place: Operand;
  readonly offset: number;
  readonly type: "u32" | "u64";
  readonly scalar: ScalarType;
}

function wordOf(call: BuiltinCall): Word {
  const view = definite(argument(call, 0), call.argument(0), call.to);
  const name = textArgument(call, 1, "a field's name");
  const refuse = (): never =>
    call.to.refuse(
      (at) => wrongArgument(at, "a u32 or u64 field of a map value", `'${name}' of ${describe(view)}`),
      call.argument(1),
    );
  if (view.kind !== "view" || view.epoch >= 0 || view.layout.kind !== "struct") return refuse();
  const field = view.layout.fields.find((each) => each.name === name);
  const layout: LayoutData | undefined = field?.layout;
  if (field === undefined || layout?.kind !== "scalar" || layout.order !== "little") return refuse();
  if (layout.type !== "u32" && layout.type !== "u64") return refuse();
  return { place: view.place, offset: view.offset + field.offset, type: layout.type, scalar: layout.type };
}

function atomic(operator: Extract<Op, { op: "atomic" }>["operator"], call: BuiltinCall): Value {
  const { to } = call;
  to.effect("an atomic operation", call.node);
  const { place, offset, type, scalar: of } = wordOf(call);
  const compare = operator === "compareExchange";
  const expected = compare ? coerce(argument(call, 2), of, call.argument(2), to).operand : null;
  const value = coerce(argument(call, compare ? 3 : 2), of, call.argument(compare ? 3 : 2), to).operand;
  const resultUsed = compare || operator === "exchange" || !isStatement(call);
  const op: Op = { op: "atomic", operator, type, place, offset, value, expected, resultUsed };
  if (resultUsed) return scalar(of, to.emit(op, type, "old"));
  to.run(op);
  return NULL;
}

/** A call whose value nobody takes. */
const isStatement = (call: BuiltinCall): boolean =>
  call.node.parent !== undefined && call.to.module.isStatement(call.node);

const ATOMICS = ["add", "and", "or", "xor", "exchange", "compareExchange"] as const;

const group = (what: string, members: Readonly<Record<string, (call: BuiltinCall) => Value>>): DeclaredValue => ({
  kind: "declared",
  what,
  data: null,
  names: Object.keys(members),
  member: (name) => {
    const member = named(members, name);
    return member === null ? null : builtin(`${what}.${name}`, member);
  },
});

// ---- locks

function withLock(call: BuiltinCall): Value {
  const { to } = call;
  const lock = definite(argument(call, 0), call.argument(0), to);
  if (lock.kind !== "view" || lock.layout.kind !== "spinLock")
    return to.refuse((at) => wrongArgument(at, "a spinLock field of a map value", describe(lock)), call.argument(0));
  to.effect("taking a lock", call.node);
  const body = expectFunction(argument(call, 1), call.argument(1), to);
  to.run({ op: "lock", place: lock.place, offset: lock.offset });
  to.locked = true;
  try {
    callFunction(body, [], call.node, to);
  } finally {
    to.locked = false;
  }
  to.run({ op: "unlock", place: lock.place, offset: lock.offset });
  return NULL;
}

// ---- checksums and routes

interface Range {
  readonly place: Operand;
  readonly bytes: number;
}

function rangeOf(value: Value, call: BuiltinCall, index: number): Range {
  const settled = settleNull(value, call.to);
  if (settled.kind === "null") return { place: { kind: "null", type: "pointer" }, bytes: 0 };
  const view = definite(settled, call.argument(index), call.to);
  if (view.kind !== "view" || view.layout.size % 4 !== 0)
    return call.to.refuse(
      (at) => wrongArgument(at, "a view whose size is a multiple of 4, or null", describe(view)),
      call.argument(index),
    );
  alive(view, call.argument(index), call.to);
  return { place: offsetPlace(view, call.to), bytes: view.layout.size };
}

/** The sum is folded here: unfolded, its bits differ by kernel and CPU. */
function checksumDifference(call: BuiltinCall): Value {
  const { to } = call;
  const from = rangeOf(argument(call, 0), call, 0);
  const end = rangeOf(argument(call, 1), call, 1);
  const seed = coerce(argument(call, 2), "u32", call.argument(2), to);
  const sum = to.emit(
    {
      op: "checksumDiff",
      from: from.place,
      fromBytes: from.bytes,
      to: end.place,
      toBytes: end.bytes,
      seed: seed.operand,
    },
    "i64",
    "sum",
  );
  const wide = to.convert(sum, "i64", "u32");
  const fold = (value: Operand) =>
    to.binary(
      "add",
      "u32",
      to.binary("and", "u32", value, constant("u32", 0xffffn)),
      to.binary("shr", "u32", value, constant("u32", 16n)),
    );
  return scalar("u32", swapped16(fold(fold(wide)), to), 0n, 0xffffn);
}

/** The kernel sums 16-bit words as they lie in memory; the language's sums are over network order. */
function swapped16(value: Operand, to: Lowering): Operand {
  const narrow = to.convert(value, "u32", "u16");
  return to.convert(to.emit({ op: "swap", type: "u16", a: narrow }, "u16", "swapped"), "u16", "u32");
}

const FIB_SIZE = 64;

function fibLookup(call: BuiltinCall): Value {
  const { to } = call;
  const view = definite(argument(call, 0), call.argument(0), to);
  if (view.kind !== "view" || view.epoch >= 0 || view.layout.size !== FIB_SIZE)
    return to.refuse((at) => wrongArgument(at, "local(fibParameters)", describe(view)), call.argument(0));
  const given = argument(call, 1);
  const flags = given.kind === "null" ? constant("u32", 0n) : coerce(given, "u32", call.argument(1), to).operand;
  const code = to.emit({ op: "fibLookup", parameters: offsetPlace(view as ViewValue, to), flags }, "i64", "route");
  const failed = to.compare("lt", "i64", code, constant("i64", 0n));
  return scalar("u32", to.select("u32", failed, constant("u32", 4n), to.convert(code, "i64", "u32")));
}

// ---- small things

function swap(type: "u16" | "u32" | "u64"): (call: BuiltinCall) => Value {
  return (call) => {
    const value = coerce(argument(call, 0), type, call.argument(0), call.to);
    const word = IR_TYPE[type];
    const narrow = call.to.convert(value.operand, word, type);
    return scalar(type, call.to.convert(call.to.emit({ op: "swap", type, a: narrow }, type, "swapped"), type, word));
  };
}

/** What the kernel's printing takes: with anything else it prints nothing, and says so to nobody. */
const FORMAT = /^(?:[^%\x7f-\uffff]|%%|%[-+ #0]*\d*(?:l{0,2}[diuxX]|c))*$/;
const conversionsIn = (format: string): number => format.replaceAll("%%", "").split("%").length - 1;

function log(call: BuiltinCall): Value {
  const { to } = call;
  const format = textArgument(call, 0, "a format");
  const values = call.values.slice(1).map((value, i) => {
    const typed = toScalar(value, call.argument(i + 1), to);
    return to.convert(typed.operand, IR_TYPE[typed.type], "u64");
  });
  if (!FORMAT.test(format) || conversionsIn(format) !== values.length)
    to.refuse(
      (at) =>
        wrongArgument(at, `a format in ASCII with ${values.length} of %d, %u, %x, %lld, %llu, %llx`, `'${format}'`),
      call.argument(0),
    );
  if (values.length > 3) to.refuse((at) => wrongArgument(at, "at most three values", String(values.length)), call.node);
  to.run({ op: "log", format, values });
  return NULL;
}

export const kernelBuiltins: readonly (readonly [string, Value])[] = [
  ["clock", builtin("clock", clock)],
  ["random", builtin("random", ({ to }) => scalar("u32", to.emit({ op: "random" }, "u32", "random")))],
  ["cpu", builtin("cpu", ({ to }) => scalar("u32", to.emit({ op: "cpu" }, "u32", "cpu"), 0n, 4095n))],
  ["redirect", builtin("redirect", redirect)],
  ["loop", builtin("loop", loop)],
  [
    "atomic",
    group(
      "atomic",
      Object.fromEntries(ATOMICS.map((operator) => [operator, (call: BuiltinCall) => atomic(operator, call)])),
    ),
  ],
  ["withLock", builtin("withLock", withLock)],
  ["checksumDifference", builtin("checksumDifference", checksumDifference)],
  ["fibLookup", builtin("fibLookup", fibLookup)],
  ["swapBytes", group("swapBytes", { u16: swap("u16"), u32: swap("u32"), u64: swap("u64") })],
  ["log", builtin("log", log)],
  [
    "barrier",
    builtin("barrier", ({ to }) => {
      to.run({ op: "barrier" });
      return NULL;
    }),
  ],
];
