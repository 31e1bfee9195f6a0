/**
 * Calls within calls. The kernel gives a program eight frames, its own and those of callbacks included. A chain that is longer
 * is shortened here: the least of its functions is put where it is called, until the chain fits or would grow too large.
 */
import type { Block, IrFunction, Module } from "../ir/ir.ts";
import { blocksOf, makesTailCall, walk } from "../ir/operands.ts";
import { inlined } from "./inline.ts";

/** MAX_CALL_FRAMES of the kernel's linux/bpf_verifier.h. */
export const MOST_FRAMES = 8;
/** Statements of a function, beyond which nothing more is put into it. */
const LARGEST = 20_000;

/** Frames of a function and of the deepest chain it begins, and the functions of that chain, itself left out. */
export interface Chain {
  readonly frames: number;
  /** By number in Module.functions, in the order of the calls. */
  readonly calls: readonly number[];
}

/** Chains of a module's functions, computed once for each. */
export function chains(module: Module): (fn: IrFunction) => Chain {
  const known = new Map<IrFunction, Chain>();
  const deepest = (block: Block): Chain => {
    let most: Chain = { frames: 0, calls: [] };
    const consider = (chain: Chain): void => {
      if (chain.frames > most.frames) most = chain;
    };
    for (const statement of block) {
      const op = statement.kind === "let" ? statement.op : null;
      const callee = op?.op === "call" ? module.functions[op.function] : undefined;
      if (op?.op === "call" && callee !== undefined) {
        const chain = find(callee);
        consider({ frames: chain.frames, calls: [op.function, ...chain.calls] });
      }
      // The kernel calls the bodies of these.
      const own = statement.kind === "repeat" || statement.kind === "drain" ? 1 : 0;
      for (const inner of blocksOf(statement)) {
        const chain = deepest(inner);
        consider({ ...chain, frames: chain.frames + own });
      }
    }
    return most;
  };
  const find = (fn: IrFunction): Chain => {
    const before = known.get(fn);
    if (before !== undefined) return before;
    const inner = deepest(fn.body);
    const chain = { ...inner, frames: inner.frames + 1 };
    known.set(fn, chain);
    return chain;
  };
  return find;
}

const sizeOf = ({ body }: IrFunction): number => {
  let size = 0;
  walk(body, () => {
    size += 1;
  });
  return size;
};

const callsOf = (caller: IrFunction, callee: number): number => {
  let calls = 0;
  walk(caller.body, (statement) => {
    if (statement.kind === "let" && statement.op.op === "call" && statement.op.function === callee) calls += 1;
  });
  return calls;
};

/** A tail call ends the function that makes it: in its caller it would end that. And what is verified alone must be alone. */
const mustStay = (fn: IrFunction): boolean => fn.alone === true || makesTailCall(fn);

/** The module with its longest chain shortened by one call; null when that cannot be. */
function shortened(module: Module): Module | null {
  const chainOf = chains(module);
  const longest = module.programs.find((program) => chainOf(program).frames > MOST_FRAMES);
  if (longest === undefined) return null;
  const steps = chainOf(longest).calls.flatMap((callee, i, calls) => {
    const before = calls[i - 1];
    const caller = before === undefined ? longest : module.functions[before];
    const called = module.functions[callee];
    if (caller === undefined || called === undefined) return [];
    const added = callsOf(caller, callee) * sizeOf(called);
    return sizeOf(caller) + added > LARGEST || mustStay(called) ? [] : [{ caller, callee, called, added }];
  });
  const [least] = steps.sort((a, b) => a.added - b.added);
  if (least === undefined) return null;
  const change = <F extends IrFunction>(fn: F): F =>
    fn === least.caller ? inlined(fn, least.callee, least.called) : fn;
  return { ...module, programs: module.programs.map(change), functions: module.functions.map(change) };
}

/** No program needs more frames than there are, where that can be had. */
export function fitFrames(module: Module): Module {
  let fitting = module;
  for (let next = shortened(module); next !== null; next = shortened(next)) fitting = next;
  return fitting;
}
