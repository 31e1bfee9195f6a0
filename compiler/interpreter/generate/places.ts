/** Operations that make places: of them only those with a variable index need code. */
import type { OpLowerings } from "./lowering.ts";
import { moved, position } from "./values.ts";

/** No packet is longer: farther places never fit (see `packetFits`). */
const FARTHEST = 16_383;

export const places: OpLowerings<
  "offset" | "element" | "slot" | "global" | "packetAt" | "advance" | "packetFits" | "packetLength" | "context"
> = {
  offset: (op, to, result) => to.alias(result, moved(to.place(op.a), op.bytes)),
  slot: (op, to, result) => to.alias(result, to.slot(op.slot)),
  global: (op, to, result) => to.alias(result, to.global(op.global)),

  element: (op, to, result) => {
    const array = to.place(op.a);
    if (op.index.kind === "constant") return to.alias(result, moved(array, Number(op.index.value) * op.stride));
    const index = to.number(op.index);
    to.line(`if (${index} >= ${op.count}) fault("element " + ${index} + " of ${op.count}", ${to.where});`);
    const at = `${position(array)} + ${index} * ${op.stride}`;
    if (array.space === "packet") to.definePacket(result, at);
    else to.definePointer(result, array.view, at);
  },

  packetAt: (op, to, result) => {
    const offset = to.number(op.offset);
    to.definePacket(result, offset === "0" ? "packet.start" : `packet.start + ${offset}`);
  },

  advance: (op, to, result) => to.definePacket(result, `${position(to.place(op.a))} + ${to.number(op.by)}`),

  packetFits: (op, to, result) => {
    const place = to.place(op.place);
    const fits = `${position(place, op.bytes)} <= packet.end`;
    to.define(result, `${fits} && ${position(place)} - packet.start <= ${FARTHEST}`);
  },

  packetLength: (_op, to, result) => to.define(result, "packet.end - packet.start"),
  context: (op, to, result) => to.define(result, `kernel.${op.field}`),
};
