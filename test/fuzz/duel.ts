/** One unit against itself: the interpreter's execution and the kernel's, packet by packet. */
import type { Module } from "../../compiler/ir/ir.ts";
import { prepare } from "./contents.ts";
import { type State, stateOf } from "./state.ts";
import type { Outcome, Side } from "./targets/side.ts";
import type { Unit } from "./unit.ts";

/** The first packet after which the two sides differ. */
export interface Mismatch {
  readonly packet: number;
  /** What differs: "verdict", "packet", "map m_3", "interpreter fault". */
  readonly what: string;
  readonly interpreter: string;
  readonly kernel: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function difference(a: Outcome, b: Outcome, states: readonly [State, State]): Omit<Mismatch, "packet"> | null {
  if (a.action !== b.action) return { what: "verdict", interpreter: String(a.action), kernel: String(b.action) };
  if (hex(a.packet) !== hex(b.packet)) return { what: "packet", interpreter: hex(a.packet), kernel: hex(b.packet) };
  const [left, right] = states;
  for (const [what, interpreter] of left) {
    const kernel = right.get(what) ?? "";
    if (interpreter !== kernel) return { what, interpreter, kernel };
  }
  return null;
}

/** Declarations of one unit, by the suffix that all its names carry; a module of a single unit is wholly its own. */
const ownedBy = (unit: Unit, module: Module): ((declared: { readonly name: string }) => boolean) => {
  const suffix = /_\d+$/.exec(unit.name)?.[0];
  const single = !module.programs.some(({ name }) => suffix === undefined || !name.endsWith(suffix));
  return ({ name }) => single || suffix === undefined || name.endsWith(suffix);
};

/** Runs all packets on both sides, as long as they agree. */
export function duel(
  unit: Unit,
  module: Module,
  sides: readonly [interpreter: Side, kernel: Side],
  packets: readonly Uint8Array[],
  seed: number,
): Mismatch | null {
  const own = ownedBy(unit, module);
  const maps = module.maps.filter(own);
  const globals = module.globals.filter(own).map(({ name }) => name);
  const [interpreter, kernel] = sides;
  const watched = [prepare(interpreter, module, maps, seed), prepare(kernel, module, maps, seed)] as const;
  for (const [index, packet] of packets.entries()) {
    const right = kernel.run(unit.name, packet);
    let left: Outcome;
    try {
      left = interpreter.run(unit.name, packet);
    } catch (error) {
      return { packet: index, what: "interpreter fault", interpreter: String(error), kernel: String(right.action) };
    }
    const states = [stateOf(interpreter, watched[0], globals), stateOf(kernel, watched[1], globals)] as const;
    const found = difference(left, right, states);
    if (found !== null) return { packet: index, ...found };
  }
  return null;
}
