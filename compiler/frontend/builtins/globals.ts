/** The few names of JavaScript itself that mean something in the data path. */
import { toScalar } from "../coerce.ts";
import { comparison } from "../comparison.ts";
import { IR_TYPE, scalar } from "../types.ts";
import type { BuiltinCall, DeclaredValue, Value } from "../values.ts";
import { argument, builtin } from "./arguments.ts";

/** Math.min and Math.max of two values of one type. */
function extreme(call: BuiltinCall, operator: "<" | ">"): Value {
  const [a, b] = [argument(call, 0), argument(call, 1)];
  const first = comparison(operator, a, b, call.node, call.to);
  if (a.kind === "literal" && b.kind === "literal")
    return first.operand.kind === "constant" && first.operand.value !== 0n ? a : b;
  const [x, y] = [toScalar(a, call.argument(0), call.to), toScalar(b, call.argument(1), call.to)];
  const { type } = a.kind === "literal" ? y : x;
  const [l, r] = [call.to.bounds(x), call.to.bounds(y)];
  const pick = (i: bigint, j: bigint) => (i < j === (operator === "<") ? i : j);
  const operand = call.to.select(IR_TYPE[type], first.operand, x.operand, y.operand);
  return { ...scalar(type, operand), low: pick(l[0], r[0]), high: pick(l[1], r[1]) };
}

const TRUNCATES = "Division truncates by itself.";
/** What stands for what Math has besides. */
const ADVICE: Readonly<Record<string, string>> = {
  floor: TRUNCATES,
  trunc: TRUNCATES,
  round: "Division truncates by itself; to round, add half of the divisor before: `(n + d / 2) / d`.",
  ceil: "Division truncates by itself; to round up, `(n + d - 1) / d`.",
  random: "`random()` of `zeta/bpf` gives 32 random bits.",
};

const math: DeclaredValue = {
  kind: "declared",
  what: "Math",
  data: null,
  names: ["min", "max"],
  advice: (name) => ADVICE[name] ?? null,
  member: (name) =>
    name === "min"
      ? builtin("Math.min", (call) => extreme(call, "<"))
      : name === "max"
        ? builtin("Math.max", (call) => extreme(call, ">"))
        : null,
};

export const globalBuiltins: readonly (readonly [string, Value])[] = [["global:Math", math]];
