/** Scalar expressions of a wanted type. Every text stands by itself: composites are in parentheses. */
import { condition } from "./conditions.ts";
import { leavesOf, read } from "./paths.ts";
import {
  ADDRESSES,
  anyInteger,
  computedAs,
  INTEGERS,
  isAddress,
  isBig,
  isSigned,
  literal,
  type Scalar,
  typedLiteral,
  WORDS,
} from "./scalars.ts";
import type { Writer } from "./writer.ts";

type Make = () => string;
type Choices = (readonly [number, Make])[];

/** Reading something that is there: names and fields of exactly this type. */
function readings(to: Writer, type: Scalar): Choices {
  const { draw } = to;
  const choices: Choices = [];
  const variables = to.variables((variable) => variable.type === type);
  if (variables.length > 0) choices.push([6, () => draw.pick(variables).text]);
  const views = to.views(({ layout }) => leavesOf(layout).some((leaf) => leaf.type === type));
  if (views.length > 0) {
    choices.push([
      5,
      () => {
        const view = draw.pick(views);
        const leaf = draw.pick(leavesOf(view.layout).filter((one) => one.type === type));
        return read(to, view, leaf, () => typedLiteral(type, draw));
      },
    ]);
  }
  if (type === "u32" && to.rights.packet) {
    choices.push([0.4, () => "frame.length"]);
    const cursors = to.cursors();
    if (cursors.length > 0) {
      choices.push([
        0.8,
        () => {
          const cursor = draw.pick(cursors);
          to.use(cursor);
          return `${cursor.text}.${draw.pick(["position", "remaining"])}`;
        },
      ]);
    }
  }
  return choices;
}

export function leaf(to: Writer, type: Scalar): string {
  const choices: Choices = [[2, () => typedLiteral(type, to.draw)], ...readings(to, type)];
  return to.draw.weighted(choices)();
}

/** One side of an operator that computes at `type`: a bare literal takes the other side's width. */
function side(to: Writer, type: Scalar, depth: number, bare: boolean): string {
  const { draw } = to;
  if (bare && draw.chance(0.35)) return literal(type, draw);
  if (type === "u32" && draw.chance(0.35)) return expression(to, draw.pick(["u8", "u16"]), depth);
  return expression(to, type, depth);
}

const BITWISE = ["&", "|", "^"] as const;

/** How far to shift: any width of the same kind of number, and often a literal at the edge of the width. */
function shiftCount(to: Writer, type: Scalar, depth: number): string {
  const { draw } = to;
  const big = isBig(type);
  if (draw.chance(0.6))
    return `${draw.pick([0, 1, 3, 4, 7, 8, 15, 16, 24, 31, 32, 33, 47, 63, 64, 65, 127])}${big ? "n" : ""}`;
  return expression(to, big ? draw.pick(["u64", "i64"]) : draw.pick(["u8", "u16", "u32", "i32"]), depth);
}

/** `a op b`, computed at `type`. */
export function arithmetic(to: Writer, type: Scalar, depth: number): string {
  const { draw } = to;
  const bits = isAddress(type);
  const operator = draw.weighted<string>([
    [bits ? 0 : 4, "+"],
    [bits ? 0 : 4, "-"],
    [bits ? 0 : 2, "*"],
    [bits ? 0 : 2, "/"],
    [bits ? 0 : 2, "%"],
    [5, draw.pick(BITWISE)],
    [2, "<<"],
    [2, ">>"],
    [isSigned(type) || isBig(type) ? 0 : 2, ">>>"],
  ]);
  const shift = operator.startsWith("<<") || operator.startsWith(">>");
  if (shift) return `(${expression(to, type, depth)} ${operator} ${shiftCount(to, type, depth)})`;
  // At least one side carries the type.
  const first = draw.chance(0.5);
  const left = first ? expression(to, type, depth) : side(to, type, depth, true);
  const right = first ? side(to, type, depth, true) : expression(to, type, depth);
  return `(${left} ${operator} ${right})`;
}

const unary = (to: Writer, type: Scalar, depth: number): string => {
  const operator = isAddress(type) || to.draw.chance(0.5) ? "~" : "-";
  return `(${operator}${expression(to, type, depth)})`;
};

/** `type(value)` of another type. */
export function conversion(to: Writer, type: Scalar, depth: number): string {
  const from = to.draw.chance(0.85) ? to.draw.pick(INTEGERS) : to.draw.pick(WORDS);
  return `${type}(${expression(to, from, depth)})`;
}

const choice = (to: Writer, type: Scalar, depth: number): string =>
  `(${condition(to, depth)} ? ${expression(to, type, depth)} : ${expression(to, type, depth)})`;

function call(to: Writer, type: Scalar, depth: number): string | null {
  const candidates = to.functions(({ result }) => result === type);
  if (candidates.length === 0 || to.runs > 16) return null;
  const fn = to.draw.pick(candidates);
  to.called(fn);
  return `${fn.text}(${fn.parameters.map((parameter) => argument(to, parameter, depth)).join(", ")})`;
}

/** What stands where the type is declared: a literal needs no conversion there. */
export const argument = (to: Writer, type: Scalar, depth: number): string =>
  to.draw.chance(0.2) ? literal(type, to.draw) : expression(to, type, depth);

/** The functions of the SDK that compute. */
function computed(to: Writer, type: Scalar, depth: number): Choices {
  const word = (of: Scalar) => argument(to, of, depth);
  switch (type) {
    case "u16":
      return [
        [0.5, () => `swapBytes.u16(${word("u16")})`],
        [0.3, () => `finish(${word("u32")})`],
        [0.3, () => `replaced16(${word("u16")}, ${word("u32")}, ${word("u32")})`],
        [0.3, () => `replaced32(${word("u16")}, ${word("u32")}, ${word("u32")})`],
      ];
    case "u32":
      return [
        [0.4, () => `swapBytes.u32(${word("u32")})`],
        [0.3, () => `fold(${word("u32")})`],
        [0.6, () => checksum(to, depth)],
      ];
    case "u64":
      return [[0.4, () => `swapBytes.u64(${word("u64")})`]];
    default:
      return [];
  }
}

/** The one's-complement sum over views whose size is a multiple of four. */
function checksum(to: Writer, depth: number): string {
  const views = to.views(
    ({ layout, place }) => place !== "record" && layout.size % 4 === 0 && layout.kind !== "scalar" && layout.size <= 64,
  );
  const seed = argument(to, "u32", depth);
  const pick = (): string => {
    if (views.length === 0 || to.draw.chance(0.3)) return "null";
    const view = to.draw.pick(views);
    to.use(view);
    return view.text;
  };
  return `checksumDifference(${pick()}, ${pick()}, ${seed})`;
}

/** An expression whose own type is exactly `type`: never a bare literal. */
export function expression(to: Writer, type: Scalar, depth: number): string {
  const { draw } = to;
  if (type === "bool") return condition(to, depth);
  if (depth <= 0) return leaf(to, type);
  const inner = depth - 1;
  const computes = computedAs(type) === type;
  const choices: Choices = [
    [4, () => leaf(to, type)],
    [computes ? 7 : 0, () => arithmetic(to, type, inner)],
    [computes ? 1 : 0, () => unary(to, type, inner)],
    [computes ? 2 : 4, () => conversion(to, type, inner)],
    [1, () => choice(to, type, inner)],
    [type === "ipv4" || isBig(type) ? 0 : 0.7, () => extreme(to, type, inner)],
    [1.5, () => call(to, type, inner) ?? leaf(to, type)],
    ...computed(to, type, inner),
  ];
  return draw.weighted(choices)();
}

const extreme = (to: Writer, type: Scalar, depth: number): string =>
  `Math.${to.draw.pick(["min", "max"])}(${expression(to, type, depth)}, ${expression(to, type, depth)})`;

/** Any number as a u64, for folding into what is observed. */
export function observed(to: Writer, depth: number): string {
  const type = to.draw.chance(0.8) ? anyInteger(to.draw) : to.draw.pick(ADDRESSES);
  const text = expression(to, type, depth);
  return type === "u64" ? text : `u64(${text})`;
}
