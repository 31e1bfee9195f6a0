/** What a routine does beyond its own values, its callees included: decides hidden parameters and what to reload. */
import type { Op } from "../../ir/ir.ts";
import type { Routine, Routines } from "./routines.ts";
import { tailCallsBeforePacket, usesBounds } from "./tail-calls.ts";
import { opOf, statements } from "./walk.ts";

export interface Effects {
  /** Needs the program's context (`struct xdp_md`). */
  readonly context: boolean;
  /** Reads the bounds of the packet itself. */
  readonly packet: boolean;
  /** May move the packet's head or tail, or does what kernels take for that: a tail call that falls through. */
  readonly moves: boolean;
  /** Reads the packet's bounds once more, behind such a move. */
  readonly readsAgain: boolean;
}

const MOVING: ReadonlySet<Op["op"]> = new Set<Op["op"]>(["adjustHead", "adjustTail"]);
const CONTEXT: ReadonlySet<Op["op"]> = new Set<Op["op"]>([
  "context",
  "packetRead",
  "packetWrite",
  "tailCall",
  "fibLookup",
]);

export type EffectsOf = (routine: Routine) => Effects;

export function effectsOf(routines: Routines): EffectsOf {
  const known = new Map<Routine, Effects>();
  const find = (routine: Routine): Effects => {
    const before = known.get(routine);
    if (before !== undefined) return before;
    // Recursion is refused by the front end; this value only ends the search should it happen.
    known.set(routine, { context: false, packet: false, moves: false, readsAgain: false });
    let context = routine.kind === "program";
    let packet = false;
    let readsAgain = tailCallsBeforePacket(routine.body).size > 0;
    let tailCalls = false;
    const join = (other: Routine | undefined): void => {
      if (other === undefined) return;
      const theirs = find(other);
      context ||= theirs.context;
      readsAgain ||= theirs.moves;
    };
    const inCallbacks = new Set<unknown>();
    for (const statement of statements(routine.body)) {
      const callback = routines.callbacks.get(statement);
      if (callback !== undefined) {
        join(callback);
        for (const inner of statements(callback.body)) inCallbacks.add(inner);
      }
      const op = opOf(statement);
      if (op === null || inCallbacks.has(statement)) continue;
      if (op.op === "call") join(routines.functions[op.function]);
      packet ||= usesBounds(op);
      readsAgain ||= MOVING.has(op.op);
      tailCalls ||= op.op === "tailCall";
      context ||= CONTEXT.has(op.op);
    }
    const moves = readsAgain || tailCalls;
    const effects = { context: context || packet || moves, packet, moves, readsAgain };
    known.set(routine, effects);
    return effects;
  };
  return find;
}
