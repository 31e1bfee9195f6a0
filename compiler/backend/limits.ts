/**
 * What no kernel loads, told before one is asked: calls within calls beyond its frames, and loops whose turns alone exceed what
 * its verifier follows.
 */
import type { Problem } from "../diagnostics/problem.ts";
import type { Block, IrFunction, Module, Statement } from "../ir/ir.ts";
import { blocksOf } from "../ir/operands.ts";
import { chains, MOST_FRAMES } from "../passes/call-depth.ts";
import { spanOf } from "./lower/frame.ts";
import { callsTooDeep, tooMuchToFollow } from "./problems.ts";

/** Statements that the verifier walks, turn by turn and call by call, and the loop that most of them are in. */
interface Work {
  readonly steps: number;
  readonly heaviest: { readonly steps: number; readonly at: Statement["at"] } | null;
}

/** What a branch counts for: behind it paths differ, and each is walked. */
const BRANCH = 8;

/** Turns of a callback that the verifier walks at least, before it sees that another changes nothing. */
const CALLBACK_TURNS = 2;

export function workOf(module: Module): (fn: IrFunction) => Work {
  const known = new Map<IrFunction, Work>();
  const ofBlock = (block: Block): Work => {
    let steps = 0;
    let heaviest: Work["heaviest"] = null;
    for (const statement of block) {
      const op = statement.kind === "let" ? statement.op : null;
      const callee = op?.op === "call" ? module.functions[op.function] : undefined;
      const called = callee === undefined || callee.alone === true ? 0 : ofFunction(callee).steps;
      const inside = blocksOf(statement).map(ofBlock);
      const once = inside.reduce((sum, work) => sum + work.steps, 0);
      const turns = statement.kind === "loop" ? statement.trips : isCallback(statement) ? CALLBACK_TURNS : 1;
      const own = statement.kind === "if" || statement.kind === "switch" ? BRANCH : 1;
      const all = own + called + once * turns;
      steps += all;
      const innermost = inside.map((work) => work.heaviest).find((one) => one !== null && one.steps * 2 > once);
      const loop = statement.kind === "loop" ? { steps: all, at: statement.at } : (innermost ?? null);
      if (loop !== null && loop.steps > (heaviest?.steps ?? 0)) heaviest = loop;
    }
    return { steps, heaviest };
  };
  const ofFunction = (fn: IrFunction): Work => {
    const before = known.get(fn);
    if (before !== undefined) return before;
    const work = ofBlock(fn.body);
    known.set(fn, work);
    return work;
  };
  return ofFunction;
}

const isCallback = ({ kind }: Statement): boolean => kind === "repeat" || kind === "drain";

/**
 * Steps beyond which no kernel is asked. The verifier gives up after a million instructions; measured, it walks one or two for a
 * step where loops make most of the steps, and up to twelve in programs of a few thousand steps, whose paths differ.
 */
const MOST_STEPS = 200_000;

/** Problems of a module's programs; none when a kernel may be asked. */
export function limitProblems(module: Module): readonly Problem[] {
  const chainOf = chains(module);
  const workIn = workOf(module);
  // The verifier walks these once, each by itself.
  const alone = module.functions.reduce((sum, fn) => sum + (fn.alone === true ? workIn(fn).steps : 0), 0);
  return module.programs.flatMap((program) => {
    const { frames } = chainOf(program);
    if (frames > MOST_FRAMES) return [callsTooDeep(spanOf(module, program.at), program.name, frames)];
    const { steps: own, heaviest } = workIn(program);
    const steps = own + alone;
    if (steps <= MOST_STEPS) return [];
    return [tooMuchToFollow(spanOf(module, heaviest?.at ?? program.at), program.name, steps)];
  });
}
