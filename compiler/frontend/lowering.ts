/**
 * The state of lowering one function: where statements go, what is known on this path, which function and loop we are in.
 * `Emitter` emits, `Paths` knows what holds where paths part and meet; this is what the language adds to them.
 */
import type { Problem } from "../diagnostics/problem.ts";
import type { Op } from "../ir/ir.ts";
import { type Frame, type Jump, type Purity, Refusal } from "./frames.ts";
import { openRecords, type Records } from "./knowledge.ts";
import type { ModuleBuilder } from "./module.ts";
import { Paths } from "./paths.ts";
import {
  anyType,
  doesNotFit,
  finishedRecord,
  indexOutOfRange,
  lockMisuse,
  missingResult,
  sideEffectInDecide,
  staleView,
  tooLarge,
  unboundedLoop,
  uncheckedNull,
  uncompleted,
  unfinishedRecord,
} from "./problems.ts";
import { spanOf } from "./program.ts";
import type { MutableCell, Scope } from "./scope.ts";
import { ts } from "./typescript.js";
import type { FunctionValue } from "./values.ts";

export class Lowering extends Paths {
  readonly module: ModuleBuilder;
  readonly frames: Frame[] = [];
  readonly jumps: Jump[] = [];
  /** Of a subprogram: what the function sees that made it. */
  around: Scope | null = null;
  /** How many callbacks of the kernel we are in. */
  callbacks = 0;
  readonly cells = new Set<MutableCell>();
  /** Temps from this number on were made on one of the paths that are being merged. */
  mergeFloor = Number.POSITIVE_INFINITY;
  /** Set when a cell learns its shape, so that a loop whose start assumed otherwise is lowered again. */
  reshaped = false;
  /** A spin lock is held. */
  locked = false;
  purity: Purity | null = null;
  node: ts.Node | null = null;

  constructor(module: ModuleBuilder) {
    super();
    this.module = module;
  }

  /** Does `work` with that floor; refused or not, what comes after has its own. */
  merging<R>(floor: number, work: () => R): R {
    const { mergeFloor } = this;
    this.mergeFloor = floor;
    try {
      return work();
    } finally {
      this.mergeFloor = mergeFloor;
    }
  }

  at(node: ts.Node): void {
    this.module.step(() => this.refuse((at) => tooLarge(at, "What this becomes"), node));
    this.node = node;
    this.place = this.module.placeOf(node);
  }

  refuse(make: (span: ReturnType<typeof spanOf>) => Problem, node: ts.Node): never {
    const place = this.#authored(node);
    const problem = make(this.span(place));
    const isDoubtful = FROM_KNOWLEDGE.has(problem.code) && this.#isDoubtful(node);
    throw new Refusal(isDoubtful || this.#isOfMistakes(problem, place) ? null : problem);
  }

  /** Whether a problem may come of what TypeScript has refused: it is about something with a mistake in it, or that would be there without. */
  #isOfMistakes({ code }: Problem, place: ts.Node): boolean {
    const { mistakes } = this.module;
    if (!mistakes.any) return false;
    const isOfFlow = FROM_FLOW.has(code) && this.frames.some(({ declaration }) => mistakes.within(declaration));
    return isOfFlow || FROM_ABSENCE.has(code) || mistakes.within(place);
  }

  /** Refuses a value without a type; where TypeScript has refused something, that may be why, unless `any` is written there. */
  refuseAny(node: ts.Node, type: ts.TypeNode | undefined): never {
    if (this.module.mistakes.any && type?.getText() !== "any") throw new Refusal(null);
    return this.refuse((at) => anyType(at), node);
  }

  /** Names in conditions that were refused: what these would have shown is missing, and is no problem of its own. */
  readonly #doubtful = new Set<string>();
  doubt(condition: ts.Node): void {
    for (const name of namesIn(condition)) this.#doubtful.add(name);
  }
  /** Functions in which a test was left out that TypeScript refuses: it may be of anything. */
  readonly #blind = new Set<ts.Node>();
  doubtAll(within: ts.Node): void {
    const fn = ts.findAncestor(within, ts.isFunctionLike);
    if (fn !== undefined) this.#blind.add(fn);
  }
  #isDoubtful(node: ts.Node): boolean {
    if (this.#blind.size > 0 && this.frames.some(({ declaration }) => this.#blind.has(declaration))) return true;
    return this.#doubtful.size > 0 && namesIn(node).some((name) => this.#doubtful.has(name));
  }

  /** Of the author's functions that our library calls, such as hooks, the one that was the last to give something. */
  lastAuthored: ts.Node | null = null;

  /** The node, or, inside our own library, the author's call that led there: a mistake is told where it can be mended. */
  #authored(node: ts.Node): ts.Node {
    if (!this.module.isOwn(node)) return node;
    const call = this.frames.findLast((frame) => !this.module.isOwn(frame.call))?.call ?? null;
    return call ?? this.lastAuthored ?? node;
  }

  span(node: ts.Node): ReturnType<typeof spanOf> {
    return spanOf(node, this.module.root);
  }

  /** The kernel takes no calls while a spin lock is held. */
  protected override allowed(op: Op): void {
    if (this.locked && !UNDER_LOCK.has(op.op) && this.node !== null)
      this.refuse((at) => lockMisuse(at, "This call"), this.node);
  }

  /** Refuses to go on with records of this path unfinished, but for those that `before` had already. */
  recordsFinished(before: Records = new Map()): void {
    for (const [id, node] of openRecords(this.knowledge))
      if (!before.has(id)) this.refuse((at) => unfinishedRecord(at), node);
  }

  /** Refuses an effect where the hook being compiled must be pure. */
  effect(what: string, node: ts.Node): void {
    const { purity } = this;
    if (purity !== null) this.refuse((at) => sideEffectInDecide(at, what, purity.hook), node);
    if (this.locked) this.refuse((at) => lockMisuse(at, what), node);
  }

  currentFrame(): Frame {
    const frame = this.frames.at(-1);
    if (frame === undefined) throw new Error("no function is being lowered");
    return frame;
  }

  /** A closure made anew is another one, though its text be the same: `twice(twice(f))` is no recursion. */
  isActive(fn: FunctionValue): boolean {
    return this.frames.some((frame) => frame.declaration === fn.declaration && frame.around === fn.scope);
  }
}

const namesIn = (node: ts.Node): readonly string[] => node.getText().match(/[A-Za-z_$][\w$]*/g) ?? [];

/** Problems that only say that something is not known. */
const FROM_KNOWLEDGE: ReadonlySet<string> = new Set(
  [uncheckedNull, staleView, doesNotFit, indexOutOfRange, unboundedLoop, missingResult, unfinishedRecord].map(
    ({ code }) => code,
  ),
);

/** That say what the code as a whole does, or does not, with a record. */
const FROM_FLOW: ReadonlySet<string> = new Set([unfinishedRecord.code, finishedRecord.code]);
/** That say that something is not there. */
const FROM_ABSENCE: ReadonlySet<string> = new Set([uncompleted.code]);

/** What is no call of the kernel. */
const UNDER_LOCK: ReadonlySet<Op["op"]> = new Set<Op["op"]>([
  "barrier",
  "binary",
  "compare",
  "not",
  "convert",
  "select",
  "swap",
  "get",
  "isNull",
  "packetAt",
  "advance",
  "packetFits",
  "packetLength",
  "context",
  "offset",
  "element",
  "slot",
  "global",
  "load",
  "barrier",
  "lock",
  "unlock",
]);
