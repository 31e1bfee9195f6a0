/**
 * Turns of loops, where the compiler's proof that a loop ends rests on more than constants. The verifier walks a loop turn by
 * turn, and LLVM may have taken away whatever shows it an end: a mask that LLVM knows to change nothing, a comparison with
 * another copy of the value. So such a loop counts its turns, in a way that LLVM cannot reason about, and the verifier sees
 * it leave after the last of them.
 */
import type { Statement } from "../../ir/ir.ts";
import { opaque } from "../prelude/helpers.ts";
import { type Frame, i64 } from "./frame.ts";

type Loop = Extract<Statement, { kind: "loop" }>;

/** Before the loop. */
export function beginTurns(frame: Frame, loop: Loop): void {
  const turns = frame.blocks.get(loop);
  if (turns !== undefined) frame.builder.store(i64(frame, 0), turns);
}

/** At the start of every turn. Runs one more than `trips` are let through: the last may find out that there is none. */
export function countTurn(frame: Frame, loop: Loop, leave: () => void): void {
  const { builder } = frame;
  const turns = frame.blocks.get(loop);
  if (turns === undefined) return;
  const turn = builder.load("i64", turns);
  const [spent, next] = [builder.block("spent"), builder.block("turn")];
  builder.branch(builder.compare("ugt", turn, i64(frame, loop.trips)), spent, next);
  builder.enter(spent);
  leave();
  frame.reachable = true;
  builder.enter(next);
  builder.store(builder.call(opaque("i64"), [builder.binary("add", turn, i64(frame, 1))]), turns);
}
