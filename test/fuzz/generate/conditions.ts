/** Boolean expressions. */
import { expression, leaf } from "./expressions.ts";
import { anyWord, isAddress, literal, type Scalar } from "./scalars.ts";
import type { Writer } from "./writer.ts";

const ORDER = ["<", "<=", ">", ">="] as const;
const EQUALITY = ["===", "!=="] as const;

/** Without a minus: comparing an unsigned value with a negative literal is refused, and signed ones hide no edge there. */
const compared = (to: Writer, type: Scalar, depth: number): string =>
  to.draw.chance(0.4) ? literal(type, to.draw) : expression(to, type, depth);

function comparison(to: Writer, depth: number): string {
  const { draw } = to;
  const type = anyWord(draw);
  const operators = isAddress(type) ? [...EQUALITY, "<", ">"] : [...EQUALITY, ...ORDER];
  const [left, right] = draw.chance(0.75)
    ? [expression(to, type, depth), compared(to, type, depth)]
    : [compared(to, type, depth), expression(to, type, depth)];
  return `(${left} ${draw.pick(operators)} ${right})`;
}

export function condition(to: Writer, depth: number): string {
  const { draw } = to;
  if (depth <= 0) return draw.chance(0.5) ? comparison(to, 0) : leafCondition(to);
  const inner = depth - 1;
  return draw.weighted<() => string>([
    [6, () => comparison(to, inner)],
    [1, () => leafCondition(to)],
    [1.5, () => `(${condition(to, inner)} && ${condition(to, inner)})`],
    [1.5, () => `(${condition(to, inner)} || ${condition(to, inner)})`],
    [1, () => `!${condition(to, inner)}`],
    [0.5, () => `(${condition(to, inner)} ${draw.pick(EQUALITY)} ${comparison(to, inner)})`],
    [0.5, () => `(${condition(to, inner)} ? ${condition(to, inner)} : ${condition(to, inner)})`],
  ])();
}

/** A bare `true` would make code that TypeScript knows to be unreachable. */
function leafCondition(to: Writer): string {
  const known = to.variables(({ type }) => type === "bool");
  if (known.length === 0 && to.views().length === 0) return comparison(to, 0);
  const text = leaf(to, "bool");
  return text === "true" || text === "false" ? comparison(to, 0) : text;
}
