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
