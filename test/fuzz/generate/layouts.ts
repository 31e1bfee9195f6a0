/** Random memory layouts: their text in the program, and what they are. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import {
  address,
  array as arrayOf,
  bits as bitsOf,
  bool,
  header,
  i32,
  i64,
  ipv4,
  ipv6,
  type Layout,
  mac,
  struct,
  u8,
  u16,
  u32,
  u64,
} from "../../../sdk/layout/layouts.ts";
import type { Random } from "../../kit/random.ts";
import { anyWord, INTEGERS, type Scalar } from "./scalars.ts";

export interface NamedLayout {
  /** An expression of the program that gives it. */
  readonly text: string;
  readonly layout: LayoutData;
}
interface Described {
  readonly text: string;
  readonly value: Layout<unknown>;
}

const SCALARS: Readonly<Record<Scalar, { readonly layout: LayoutData }>> = {
  address,
  bool,
  i32,
  i64,
  ipv4,
  ipv6,
  mac,
  u8,
  u16,
  u32,
  u64,
};
const COMPOSED = { struct, header } as const;

const scalarLayout = (type: Scalar): Described => ({ text: type, value: SCALARS[type] as Layout<unknown> });

function bits(draw: Random): Described {
  const total = draw.pick([8, 16, 32, 32, 64]);
  const widths: Record<string, number> = {};
  for (let left = total, i = 0; left > 0; i++) {
    const width = Math.min(left, 32, 1 + draw.below(draw.chance(0.7) ? 8 : 32));
    widths[`b${i}`] = width;
    left -= width;
  }
  const text = Object.entries(widths)
    .map(([name, width]) => `${name}: ${width}`)
    .join(", ");
  return { text: `bits({ ${text} })`, value: bitsOf(widths) as Layout<unknown> };
}

function array(of: Described, length: number): Described {
  return { text: `array(${of.text}, ${length})`, value: arrayOf(of.value, length) as Layout<unknown> };
}

/** Fields of at most `budget` bytes together. */
function fields(draw: Random, budget: number, depth: number): [string, Described][] {
  const made: [string, Described][] = [];
  for (let left = budget, i = 0; i < 5 && left > 0; i++) {
    const field = fieldLayout(draw, left, depth);
    if (field.value.layout.size > left) continue;
    left -= field.value.layout.size;
    made.push([`f${i}`, field]);
    if (draw.chance(0.25)) break;
  }
  return made.length > 0 ? made : [["f0", scalarLayout("u8")]];
}

const compose = (kind: "struct" | "header", parts: [string, Described][]): Described => ({
  text: `${kind}({ ${parts.map(([name, { text }]) => `${name}: ${text}`).join(", ")} })`,
  value: COMPOSED[kind](Object.fromEntries(parts.map(([name, { value }]) => [name, value]))) as Layout<unknown>,
});

function fieldLayout(draw: Random, budget: number, depth: number): Described {
  return draw.weighted<() => Described>([
    [10, () => scalarLayout(anyWord(draw))],
    [1, () => scalarLayout("bool")],
    [2, () => bits(draw)],
    [depth > 0 ? 2 : 0, () => array(scalarLayout(draw.pick(INTEGERS)), 2 + draw.below(4))],
    [depth > 0 && budget >= 8 ? 1.5 : 0, () => compose("struct", fields(draw, Math.min(12, budget), depth - 1))],
    [
      depth > 1 && budget >= 16 ? 1 : 0,
      () => array(compose("struct", fields(draw, Math.min(8, budget >> 1), 0)), 2 + draw.below(2)),
    ],
  ])();
}

const named = ({ text, value }: Described): NamedLayout => ({ text, layout: value.layout });

/** A struct of about `budget` bytes; padding may add some. */
export const randomStruct = (draw: Random, budget: number): NamedLayout =>
  named(compose("struct", fields(draw, budget, 2)));
/** A packet header: packed, in network order. */
export const randomHeader = (draw: Random, budget: number): NamedLayout =>
  named(compose("header", fields(draw, budget, 2)));
export const scalarNamed = (type: Scalar): NamedLayout => named(scalarLayout(type));

/** Without arrays: what a program can write down as a key or as a whole value. */
export function plainStruct(draw: Random, count: number): NamedLayout {
  const parts = Array.from({ length: count }, (_, i): [string, Described] => [`k${i}`, scalarLayout(anyWord(draw))]);
  return named(compose("struct", parts));
}

/** Whether every byte of a layout is a field's. */
export function isTight(layout: LayoutData): boolean {
  if (layout.kind === "array") return isTight(layout.of);
  if (layout.kind !== "struct") return true;
  let end = 0;
  for (const { offset, layout: part } of layout.fields) {
    if (offset !== end || !isTight(part)) return false;
    end = offset + part.size;
  }
  return end === layout.size;
}
