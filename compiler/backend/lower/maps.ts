/** Operations on maps and ring buffers: calls of the kernel's helpers. */
import type { MapOperand, Op } from "../../ir/ir.ts";
import type { Callee, Value } from "../builder.ts";
import { KERNEL } from "../prelude/kernel.ts";
import { type Frame, i64, resize, valueFor } from "./frame.ts";

export function mapAddress(frame: Frame, map: MapOperand): Value {
  if (map.kind === "dynamic") return valueFor(frame, map.map);
  const found = frame.module.maps[map.map];
  if (found === undefined) throw new Error(`malformed IR: there is no map ${map.map}`);
  return frame.builder.global(found.name);
}

const call = (frame: Frame, callee: Callee, ...values: Value[]): Value => frame.builder.call(callee, values);

const flags = (frame: Frame, op: { readonly flags: import("../../ir/ir.ts").Operand }): Value =>
  resize(frame, valueFor(frame, op.flags), "i64");

export const mapLookup = (frame: Frame, op: Extract<Op, { op: "mapLookup" | "mapInner" }>): Value =>
  call(frame, KERNEL.map_lookup_elem, mapAddress(frame, op.map), valueFor(frame, op.key));

export const mapUpdate = (frame: Frame, op: Extract<Op, { op: "mapUpdate" }>): Value => {
  const [key, value] = [valueFor(frame, op.key), valueFor(frame, op.value)];
  return call(frame, KERNEL.map_update_elem, mapAddress(frame, op.map), key, value, flags(frame, op));
};

export const mapDelete = (frame: Frame, op: Extract<Op, { op: "mapDelete" }>): Value =>
  call(frame, KERNEL.map_delete_elem, mapAddress(frame, op.map), valueFor(frame, op.key));

export const mapPush = (frame: Frame, op: Extract<Op, { op: "mapPush" }>): Value =>
  call(frame, KERNEL.map_push_elem, mapAddress(frame, op.map), valueFor(frame, op.value), flags(frame, op));

export const mapPop = (frame: Frame, op: Extract<Op, { op: "mapPop" }>): Value =>
  call(frame, KERNEL.map_pop_elem, mapAddress(frame, op.map), valueFor(frame, op.value));

export const mapPeek = (frame: Frame, op: Extract<Op, { op: "mapPeek" }>): Value =>
  call(frame, KERNEL.map_peek_elem, mapAddress(frame, op.map), valueFor(frame, op.value));

export const ringReserve = (frame: Frame, op: Extract<Op, { op: "ringReserve" }>): Value =>
  call(frame, KERNEL.ringbuf_reserve, mapAddress(frame, op.map), i64(frame, op.bytes), i64(frame, 0));

export const ringSubmit = (frame: Frame, op: Extract<Op, { op: "ringSubmit" }>): Value =>
  call(frame, KERNEL.ringbuf_submit, valueFor(frame, op.record), flags(frame, op));

export const ringDiscard = (frame: Frame, op: Extract<Op, { op: "ringDiscard" }>): Value =>
  call(frame, KERNEL.ringbuf_discard, valueFor(frame, op.record), flags(frame, op));

export const ringOutput = (frame: Frame, op: Extract<Op, { op: "ringOutput" }>): Value => {
  const data = valueFor(frame, op.data);
  return call(frame, KERNEL.ringbuf_output, mapAddress(frame, op.map), data, i64(frame, op.bytes), flags(frame, op));
};
