/**
 * A place in the packet that several branches find anew, each for a header of its own, is found once: where its offset
 * becomes known. Finding a place tells nothing of the packet and costs the same wherever it is done; a test of its bytes
 * stays in the branch that asks. Where the packet moves in between, `useKnown` does not take up what is made here, and
 * `removeDead` takes it away again.
 */
import type { Block, IrFunction, Op, Statement, Temp } from "../ir/ir.ts";
import { walk } from "../ir/operands.ts";
import { greatestTemp, replaceBlocks } from "./operands.ts";

type PlaceOp = Extract<Op, { op: "packetAt" }>;

/** Offsets that two or more places start from, with what is known of them; */
function sharedOffsets(body: Block): ReadonlyMap<number, PlaceOp> {
  const found = new Map<number, PlaceOp>();
  const shared = new Map<number, PlaceOp>();
  walk(body, (statement) => {
    if (statement.kind !== "let" || statement.op.op !== "packetAt" || statement.op.offset.kind !== "temp") return;
    const { op } = statement;
    const id = statement.op.offset.id;
    const other = found.get(id);
    if (other === undefined) found.set(id, op);
    // What all of them know is known here too.
    else shared.set(id, { ...op, max: op.max === null || other.max === null ? null : Math.max(op.max, other.max) });
  });
  return shared;
}

/** `useKnown` then renames the places that branches find to the one made here. */
export function hoistPlaces<F extends IrFunction>(fn: F): F {
  const shared = sharedOffsets(fn.body);
  if (shared.size === 0) return fn;
  let next = greatestTemp(fn) + 1;
  const rewrite = (block: Block): Block =>
    block.flatMap((statement): readonly Statement[] => {
      const inner = replaceBlocks(statement, rewrite);
      const op = inner.kind === "let" && inner.result !== null ? shared.get(inner.result.id) : undefined;
      if (op === undefined) return [inner];
      const place: Temp = { kind: "temp", id: next++, type: "packet", name: "place" };
      return [inner, { kind: "let", result: place, op, at: inner.at }];
    });
  return { ...fn, body: rewrite(fn.body) };
}
