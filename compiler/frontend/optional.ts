/** Values that depend on whether another is there: `a?.b`, `a ?? b`. */
import { merge } from "./cells.ts";
import { settleNull } from "./coerce.ts";
import type { Hole } from "./drafts.ts";
import type { Lowering } from "./lowering.ts";
import type { ts } from "./typescript.js";
import { type Fact, NULL, presence, type Value } from "./values.ts";

/** Two ways of making one value. */
export function choose(
  condition: Parameters<Lowering["branch"]>[0],
  facts: Parameters<Lowering["branch"]>[1],
  then: () => Value,
  otherwise: () => Value,
  name: string,
  node: ts.Node,
  to: Lowering,
): Value {
  const ways: { value: Value; hole: Hole }[] = [];
  const way = (make: () => Value) => () => {
    const value = make();
    const hole = to.hole();
    if (to.reachable) ways.push({ value, hole });
  };
  const floor = to.nextTemp;
  to.branch(condition, facts, way(then), way(otherwise));
  return merge(ways, name, node, to, floor);
}

/** `use(value)` where there is a value, null where there is none. */
export function whenPresent(base: Value, node: ts.Node, to: Lowering, use: (value: Value) => Value): Value {
  const settled = settleNull(base, to);
  if (settled.kind === "null") return NULL;
  if (settled.kind !== "nullable") return use(settled);
  let used: readonly Fact[] = [];
  const made = choose(
    settled.present,
    presence(settled),
    () => {
      const value = use(settled.value);
      if (value.kind === "nullable") used = presence(value).whenTrue;
      return value;
    },
    () => NULL,
    "optional",
    node,
    to,
  );
  return made.kind === "nullable" ? { ...made, implies: [...presence(settled).whenTrue, ...used] } : made;
}

/** `base ?? fallback`. */
export function orElse(base: Value, node: ts.Node, to: Lowering, fallback: () => Value): Value {
  const settled = settleNull(base, to);
  if (settled.kind === "null") return fallback();
  if (settled.kind !== "nullable") return settled;
  return choose(settled.present, presence(settled), () => settled.value, fallback, "either", node, to);
}
