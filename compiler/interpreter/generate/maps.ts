/** Map operations: calls of the map's program side. Keys and values are passed where they lie. */
import type { MapData } from "../../../sdk/maps/data.ts";
import type { MapOperand, Operand } from "../../ir/ir.ts";
import type { FunctionWriter } from "./function-writer.ts";
import type { OpLowerings } from "./lowering.ts";

type Part = "key" | "value";

const sizeOf = (map: MapData, part: Part): number => map[part]?.size ?? 0;

/** `map.method(` view and offset of each place `, ` the rest `)`. */
function call(
  to: FunctionWriter,
  map: MapOperand,
  method: string,
  parts: readonly (readonly [Part, Operand])[],
  rest: readonly string[] = [],
): string {
  const { text, data } = to.map(map);
  const passed = parts.flatMap(([part, operand]) => {
    const { view, at } = to.checked(operand, 0, sizeOf(data, part));
    return [view, at];
  });
  return `${text}.${method}(${[...passed, ...rest].join(", ")})`;
}

export const maps: OpLowerings<
  | "mapLookup"
  | "mapInner"
  | "mapUpdate"
  | "mapDelete"
  | "mapPush"
  | "mapPop"
  | "mapPeek"
  | "ringReserve"
  | "ringSubmit"
  | "ringDiscard"
  | "ringOutput"
> = {
  mapLookup: (op, to, result) => to.definePointer(result, call(to, op.map, "find", [["key", op.key]]), null),
  mapInner: (op, to, result) => to.define(result, call(to, op.map, "inner", [["key", op.key]])),
  mapUpdate: (op, to, result) =>
    to.defineErrno(
      result,
      call(
        to,
        op.map,
        "put",
        [
          ["key", op.key],
          ["value", op.value],
        ],
        [to.number(op.flags)],
      ),
    ),
  mapDelete: (op, to, result) => to.defineErrno(result, call(to, op.map, "remove", [["key", op.key]])),
  mapPush: (op, to, result) =>
    to.defineErrno(result, call(to, op.map, "pushFrom", [["value", op.value]], [to.number(op.flags)])),
  mapPop: (op, to, result) => to.defineErrno(result, call(to, op.map, "popTo", [["value", op.value]])),
  mapPeek: (op, to, result) => to.defineErrno(result, call(to, op.map, "peekTo", [["value", op.value]])),

  ringReserve: (op, to, result) => to.definePointer(result, `${to.map(op.map).text}.reserve(${op.bytes})`, null),
  ringSubmit: (op, to) => to.line(`kernel.finish(${to.place(op.record).view}, "ready");`),
  ringDiscard: (op, to) => to.line(`kernel.finish(${to.place(op.record).view}, "discarded");`),
  ringOutput: (op, to, result) => {
    const { view, at } = to.checked(op.data, 0, op.bytes);
    to.defineErrno(result, `${to.map(op.map).text}.output(${view}, ${at}, ${op.bytes}, ${to.number(op.flags)})`);
  },
};
