/** The kernel's other services: moving the packet, time, redirects, look-ups, locks, atomics. */
import type { Op, Operand } from "../../ir/ir.ts";
import type { Callee, LlvmType, Value } from "../builder.ts";
import { atomic as atomicHelper, memoryBarrier } from "../prelude/helpers.ts";
import { KERNEL, tracePrintk } from "../prelude/kernel.ts";
import { atomicNeedsV3 } from "../problems.ts";
import { at, contextOf, type Frame, i64, resize, spanOf, valueFor } from "./frame.ts";
import { mapAddress } from "./maps.ts";
import { readPacketBounds } from "./places.ts";

/** An operand as the integer that a helper takes. */
const integer = (frame: Frame, operand: Operand, type: LlvmType = "i64"): Value =>
  resize(frame, valueFor(frame, operand), type, operand.type === "i32" || operand.type === "i64");

const moving =
  (helper: Callee) =>
  (frame: Frame, op: { readonly delta: Operand }): Value => {
    const result = frame.builder.call(helper, [contextOf(frame), integer(frame, op.delta, "i32")]);
    readPacketBounds(frame, true);
    return result;
  };

export const adjustHead = moving(KERNEL.xdp_adjust_head);
export const adjustTail = moving(KERNEL.xdp_adjust_tail);

export const packetRead = (frame: Frame, op: Extract<Op, { op: "packetRead" }>): Value => {
  const [offset, to] = [integer(frame, op.offset), valueFor(frame, op.to)];
  return frame.builder.call(KERNEL.xdp_load_bytes, [contextOf(frame), offset, to, i64(frame, op.bytes)]);
};

export const packetWrite = (frame: Frame, op: Extract<Op, { op: "packetWrite" }>): Value => {
  const [offset, from] = [integer(frame, op.offset), valueFor(frame, op.from)];
  return frame.builder.call(KERNEL.xdp_store_bytes, [contextOf(frame), offset, from, i64(frame, op.bytes)]);
};

const CLOCK = {
  monotonic: KERNEL.ktime_get_ns,
  coarse: KERNEL.ktime_get_coarse_ns,
  boot: KERNEL.ktime_get_boot_ns,
  jiffies: KERNEL.jiffies64,
} as const;

export const time = (frame: Frame, op: Extract<Op, { op: "time" }>): Value => frame.builder.call(CLOCK[op.clock], []);

export const random = (frame: Frame): Value => resize(frame, frame.builder.call(KERNEL.get_prandom_u32, []), "i32");

export const cpu = (frame: Frame): Value => resize(frame, frame.builder.call(KERNEL.get_smp_processor_id, []), "i32");

export const redirect = (frame: Frame, op: Extract<Op, { op: "redirect" }>): Value => {
  const action = frame.builder.call(KERNEL.redirect, [integer(frame, op.interface), integer(frame, op.flags)]);
  return resize(frame, action, "i32");
};

export const redirectMap = (frame: Frame, op: Extract<Op, { op: "redirectMap" }>): Value => {
  const values = [mapAddress(frame, op.map), integer(frame, op.key), integer(frame, op.flags)];
  return resize(frame, frame.builder.call(KERNEL.redirect_map, values), "i32");
};

export const tailCall = (frame: Frame, op: Extract<Op, { op: "tailCall" }>): Value => {
  const result = frame.builder.call(KERNEL.tail_call, [
    contextOf(frame),
    mapAddress(frame, op.map),
    integer(frame, op.index),
  ]);
  if (frame.facts.usesPacketAfter(op)) readPacketBounds(frame, true);
  return result;
};

/** Size of `struct bpf_fib_lookup`. */
const FIB_PARAMETERS = 64;

export const fibLookup = (frame: Frame, op: Extract<Op, { op: "fibLookup" }>): Value => {
  const [parameters, flags] = [valueFor(frame, op.parameters), integer(frame, op.flags)];
  return frame.builder.call(KERNEL.fib_lookup, [contextOf(frame), parameters, i64(frame, FIB_PARAMETERS), flags]);
};

export const checksumDiff = (frame: Frame, op: Extract<Op, { op: "checksumDiff" }>): Value => {
  const [from, to] = [valueFor(frame, op.from), valueFor(frame, op.to)];
  const values = [from, i64(frame, op.fromBytes), to, i64(frame, op.toBytes), integer(frame, op.seed)];
  return frame.builder.call(KERNEL.csum_diff, values);
};

const locking =
  (helper: Callee) =>
  (frame: Frame, op: { readonly place: Operand; readonly offset: number }): Value =>
    frame.builder.call(helper, [at(frame, valueFor(frame, op.place), op.offset)]);

export const lock = locking(KERNEL.spin_lock);
export const unlock = locking(KERNEL.spin_unlock);

export const compilerBarrier = (frame: Frame): Value => frame.builder.call(memoryBarrier, []);

const WORDS = {
  add: "addition whose old value is used",
  and: "and",
  or: "or",
  xor: "xor",
  exchange: "exchange",
  compareExchange: "compare-and-exchange",
} as const;

export function atomic(frame: Frame, op: Extract<Op, { op: "atomic" }>): Value {
  const { builder } = frame;
  if (frame.target.cpu === "v2" && (op.operator !== "add" || op.resultUsed)) {
    frame.report(atomicNeedsV3(spanOf(frame.module, frame.at), WORDS[op.operator]));
  }
  const type = op.type === "u32" ? "i32" : "i64";
  const place = at(frame, valueFor(frame, op.place), op.offset);
  const value = valueFor(frame, op.value);
  const values = op.expected === null ? [place, value] : [place, valueFor(frame, op.expected), value];
  return builder.call(atomicHelper(op.operator, type, op.resultUsed), values);
}

export function log(frame: Frame, op: Extract<Op, { op: "log" }>): Value {
  const { builder } = frame;
  const values = op.values.map((value) => integer(frame, value));
  const size = new TextEncoder().encode(op.format).length + 1;
  return builder.call(tracePrintk(values.length), [builder.text(op.format), i64(frame, size), ...values]);
}
