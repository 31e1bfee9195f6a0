/** What is known of values already while compiling: whether two are the same, and whether one is there on every path. */
import type { Operand } from "../ir/ir.ts";
import type { Value } from "./values.ts";

/** Whether two values are certainly the same, already while compiling. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind === "literal" && b.kind === "literal") return a.value === b.value;
  if (a.kind === "string" && b.kind === "string") return a.value === b.value;
  if (a.kind === "null" && b.kind === "null") return true;
  if (a.kind === "scalar" && b.kind === "scalar") return a.type === b.type && sameOperand(a.operand, b.operand);
  if (a.kind === "view" && b.kind === "view")
    return a.layout === b.layout && a.offset === b.offset && a.epoch === b.epoch && sameOperand(a.place, b.place);
  if (a.kind === "function" && b.kind === "function") return a.declaration === b.declaration && a.scope === b.scope;
  if (a.kind === "map" && b.kind === "map") return a.map === b.map && a.inner === null && b.inner === null;
  return false;
}

const sameOperand = (a: Operand, b: Operand): boolean =>
  (a.kind === "temp" && b.kind === "temp" && a.id === b.id) ||
  (a.kind === "constant" && b.kind === "constant" && a.type === b.type && a.value === b.value);

/** Known while compiling: the same wherever it is used. */
export const isKnown = (value: Value): boolean =>
  value.kind === "null" ||
  value.kind === "literal" ||
  value.kind === "string" ||
  (value.kind === "scalar" && value.operand.kind === "constant");

/** Made before the ways parted that meet here, so that it is there on all of them. */
export const isOlder = (value: Value, floor: number): boolean => {
  const operand = value.kind === "view" ? value.place : value.kind === "scalar" ? value.operand : null;
  return operand?.kind === "temp" && floor !== Number.POSITIVE_INFINITY && operand.id < floor;
};
