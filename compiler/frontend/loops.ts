/**
 * Loops. A body is lowered assuming nothing about what its earlier iterations may have changed; when lowering shows that the packet
 * is moved in it, or that a name learns its shape in it, it is lowered once more with that known from the start.
 */
import type { Block } from "../ir/ir.ts";
import { evaluate, evaluateCondition } from "./evaluate.ts";
import type { Jump } from "./frames.ts";
import type { Nested } from "./knowledge.ts";
import type { Lowering } from "./lowering.ts";
import { unboundedLoop } from "./problems.ts";
import { steadyCells } from "./steady.ts";
import type { ts } from "./typescript.js";

/** More iterations than this cost the verifier too much; `loop` (bpf_loop) has no such limit. */
export const MAX_TRIPS = 4096;

export interface LoopParts {
  readonly node: ts.Statement;
  readonly label: string | null;
  readonly trips: number;
  /** The variable that decides them, where constants do (ir.ts). */
  readonly counter: number | null;
  /** Tested before each iteration; null for none. */
  readonly condition: ts.Expression | null;
  /** Tested after the body instead (do-while). */
  readonly testAfter: boolean;
  /** Runs at the start of an iteration, when the condition has held. */
  readonly enter: () => void;
  readonly body: () => void;
  readonly advance: () => void;
}

/** Refuses a loop without a visible end; if its condition or its step is refused by itself, then for that. */
export function refuseEndless(
  keyword: string,
  condition: ts.Expression | undefined,
  node: ts.Statement,
  to: Lowering,
  step?: ts.Expression,
): never {
  if (condition !== undefined) to.nested(() => evaluateCondition(condition, to));
  if (step !== undefined) to.nested(() => evaluate(step, to));
  return to.refuse((at) => unboundedLoop(at, keyword), node);
}

function lowerOnce(parts: LoopParts, breakTo: number, to: Lowering): { nested: Nested; jump: Jump; leaves: boolean } {
  const continueTo = to.label();
  const jump: Jump = {
    label: parts.label,
    breakTo,
    continueTo,
    callbacks: to.callbacks,
    broken: false,
    continued: false,
  };
  let leaves = false;
  const test = () => {
    if (parts.condition === null) return;
    const condition = evaluateCondition(parts.condition, to);
    if (condition.operand.kind === "constant" && condition.operand.value !== 0n) return;
    leaves = true;
    to.branch(
      condition.operand,
      condition.facts,
      () => undefined,
      () => to.jump({ kind: "break", label: breakTo, at: to.place }),
    );
  };
  to.jumps.push(jump);
  const nested = to.nested(() => {
    if (!parts.testAfter) test();
    const { moves } = to;
    const { records } = to.knowledge;
    const body = to.nested(() => {
      parts.enter();
      parts.body();
    });
    if (jump.continued) {
      to.push({ kind: "block", label: continueTo, body: body.block as Block, at: to.place });
      to.forget([body], to.moves !== moves, continueTo);
    } else {
      to.splice(body);
    }
    if (to.reachable) to.recordsFinished(records);
    if (to.reachable) parts.advance();
    if (to.reachable && parts.testAfter) test();
  });
  to.jumps.pop();
  return { nested, jump, leaves };
}

/** Runs `lower`; when it moved the packet or reshaped a name, undoes and runs it again with that known. */
function settled<R>(to: Lowering, lower: () => R): R {
  const exits = to.frames.map((frame) => frame.exits.length);
  const { left } = to;
  for (let attempt = 0; ; attempt++) {
    const { moves } = to;
    to.reshaped = false;
    const result = lower();
    const again = (to.moves !== moves || to.reshaped) && attempt < 3;
    if (!again || (attempt > 0 && !to.reshaped)) return result;
    for (const [index, frame] of to.frames.entries()) frame.exits.length = exits[index] ?? 0;
    to.left = left;
    if (to.moves !== moves) to.movePacket();
  }
}

export function lowerLoop(parts: LoopParts, to: Lowering): void {
  const { place } = to;
  to.forgetForLoop(to.cells, steadyCells(parts.node, to));
  const breakTo = to.label();
  const { moves } = to;
  const { nested, jump, leaves } = settled(to, () => lowerOnce(parts, breakTo, to));
  const trips = Math.max(1, parts.trips);
  to.push({ kind: "loop", label: breakTo, trips, counter: parts.counter, body: nested.block as Block, at: place });
  to.forget([nested], to.moves !== moves, breakTo);
  to.reachable = to.reachable && (leaves || jump.broken);
}

export { settled as lowerSettled };
