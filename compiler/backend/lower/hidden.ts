/**
 * Numbers of which LLVM may know more than the verifier. Kernels before 6.10 know nothing of an "or", an exclusive or or a
 * product of two variables, and LLVM makes an "or" of a sum whose parts share no bit. A mask that LLVM finds to change
 * nothing is gone, and with it the only bound that the verifier would have seen: so what is used as an offset or an index,
 * and comes from such a number, is masked again where it is used (places.ts).
 */
import type { Op, Operand } from "../../ir/ir.ts";
import { operandsOf } from "../../ir/operands.ts";

type Binary = Extract<Op, { op: "binary" }>;

const isConstant = (operand: Operand): boolean => operand.kind === "constant";

/** Of two variables. What is opaque to LLVM (arithmetic.ts) keeps its masks: shifts, quotients and remainders. */
const ofTwo: Readonly<Record<Binary["operator"], "hidden" | "opaque" | "as its parts">> = {
  add: "hidden",
  mul: "hidden",
  or: "hidden",
  xor: "hidden",
  sub: "as its parts",
  and: "as its parts",
  div: "opaque",
  rem: "opaque",
  shl: "opaque",
  shr: "opaque",
};

/**
 * @param definitions the operations of a function by what they give
 * @param assigned what its variables are set to
 */
export function hiddenFrom(
  definitions: ReadonlyMap<number, Op>,
  assigned: ReadonlyMap<number, readonly Operand[]>,
): (operand: Operand) => boolean {
  const known = new Map<number, boolean>();
  const busy = new Set<number>();

  const onStack = (place: Operand): boolean => {
    const op = place.kind === "temp" ? definitions.get(place.id) : undefined;
    return op?.op === "slot" || ((op?.op === "offset" || op?.op === "element") && onStack(op.a));
  };
  const isHidden = (operand: Operand): boolean => {
    if (operand.kind !== "temp") return false;
    const before = known.get(operand.id);
    if (before !== undefined) return before;
    const op = definitions.get(operand.id);
    const found = op !== undefined && ofOp(op);
    // What was asked for on the way may rest on a variable that is still being looked at.
    if (busy.size === 0) known.set(operand.id, found);
    return found;
  };
  const ofOp = (op: Op): boolean => {
    switch (op.op) {
      case "binary": {
        const nature = isConstant(op.a) || isConstant(op.b) ? "as its parts" : ofTwo[op.operator];
        return nature === "hidden" || (nature === "as its parts" && operandsOf(op).some(isHidden));
      }
      case "convert":
      case "select":
        return operandsOf(op).some(isHidden);
      case "get": {
        // A variable that is set from itself is hidden by the other things it is set from.
        if (busy.has(op.variable)) return false;
        busy.add(op.variable);
        const hidden = (assigned.get(op.variable) ?? []).some(isHidden);
        busy.delete(op.variable);
        return hidden;
      }
      case "load":
        return onStack(op.place);
      case "swap":
      case "call":
        return true;
      default:
        return false;
    }
  };
  return isHidden;
}
