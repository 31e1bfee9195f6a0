/** Lists exist while compiling: `length`, `map` and `forEach` run then, once per item. */
import { callFunction, expectFunction } from "./calls.ts";
import type { Lowering } from "./lowering.ts";
import { type BuiltinCall, type ListValue, NULL, type Value } from "./values.ts";

const each = (list: ListValue, call: BuiltinCall): Value[] => {
  const fn = expectFunction(call.values[0], call.argument(0), call.to);
  return list.items.map((item, index) =>
    callFunction(fn, [item, { kind: "literal", value: index }], call.node, call.to),
  );
};

export const LIST_MEMBERS = ["length", "map", "forEach"];

/** That would make a list longer, shorter, or another. */
const CHANGES: ReadonlySet<string> = new Set(
  "push pop shift unshift splice concat fill sort reverse copyWithin".split(" "),
);
export const listAdvice = (name: string): string =>
  CHANGES.has(name)
    ? "A list stays what it was written as: write a new one (`[...list, n]`), or keep what changes in a map or in `local(struct({ items: array(u32, 4) }))`."
    : "Go through it: `for (const item of list)`.";

export function listMember(list: ListValue, name: string, _to: Lowering): Value | null {
  switch (name) {
    case "length":
      return { kind: "literal", value: list.items.length };
    case "map":
      return { kind: "builtin", name, call: (call) => ({ kind: "list", items: each(list, call) }) };
    case "forEach":
      return {
        kind: "builtin",
        name,
        call: (call) => {
          each(list, call);
          return NULL;
        },
      };
    default:
      return null;
  }
}
