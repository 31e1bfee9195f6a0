/** What a routine does beyond its own values, its callees included: decides hidden parameters and what to reload. */
import type { Op } from "../../ir/ir.ts";
import type { Routine, Routines } from "./routines.ts";
import { opOf, statements } from "./walk.ts";

export interface Effects {
  /** Needs the program's context (`struct xdp_md`). */
  readonly context: boolean;
  /** Reads the bounds of the packet itself. */
  readonly packet: boolean;
  /** May move the packet's head or tail. */
  readonly moves: boolean;
}

const PACKET: ReadonlySet<Op["op"]> = new Set<Op["op"]>(["packetAt", "packetFits", "packetLength"]);
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
    known.set(routine, { context: false, packet: false, moves: false });
    let context = routine.kind === "program";
    let packet = false;
    let moves = false;
    const join = (other: Routine | undefined): void => {
      if (other === undefined) return;
      const theirs = find(other);
      context ||= theirs.context;
      moves ||= theirs.moves;
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
      packet ||= PACKET.has(op.op) || (op.op === "element" && op.type === "packet");
      moves ||= MOVING.has(op.op);
      context ||= CONTEXT.has(op.op);
    }
    const effects = { context: context || packet || moves, packet, moves };
    known.set(routine, effects);
    return effects;
  };
  return find;
}
