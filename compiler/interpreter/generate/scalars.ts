/** Operations on values alone. */
import type { OpLowerings } from "./lowering.ts";
import { BINARY, COMPARE, converted, swapped } from "./operators.ts";
import { position } from "./values.ts";

export const scalars: OpLowerings<"binary" | "compare" | "not" | "convert" | "select" | "swap" | "get" | "isNull"> = {
  binary: (op, to, result) => to.define(result, BINARY[op.type][op.operator](to.value(op.a), to.value(op.b))),
  compare: (op, to, result) => to.define(result, `${to.value(op.a)} ${COMPARE[op.operator]} ${to.value(op.b)}`),
  convert: (op, to, result) => to.define(result, converted(op.from, op.to, to.value(op.a))),
  swap: (op, to, result) => to.define(result, swapped(op.type, to.value(op.a))),
  not: (op, to, result) => to.define(result, `!${to.value(op.a)}`),

  select: (op, to, result) => {
    const condition = to.value(op.condition);
    if (op.type === "packet") {
      to.definePacket(result, `${condition} ? ${position(to.place(op.a))} : ${position(to.place(op.b))}`);
    } else if (op.type === "pointer") {
      const [a, b] = [to.place(op.a), to.place(op.b)];
      to.definePointer(
        result,
        `${condition} ? ${a.view} : ${b.view}`,
        `${condition} ? ${position(a)} : ${position(b)}`,
      );
    } else {
      to.define(result, `${condition} ? ${to.value(op.a)} : ${to.value(op.b)}`);
    }
  },

  get: (op, to, result) => {
    const [name = "", at = null] = to.variableNames(op.type, op.variable);
    if (op.type === "packet") to.definePacket(result, name);
    else if (op.type === "pointer") to.definePointer(result, name, at);
    else to.define(result, name);
  },

  isNull: (op, to, result) => {
    if (op.a.type === "packet") to.define(result, `${position(to.place(op.a))} < 0`);
    else to.define(result, `${op.a.type === "pointer" ? to.place(op.a).view : to.value(op.a)} === null`);
  },
};
