/**
 * The state of lowering one function: where statements go, what is known on this path, which function and loop we are in.
 * Statements are kept as drafts with holes until the function is finished: a value that several paths yield is given
 * its variable only once all of them are known.
 */

import type { LayoutData } from "../../sdk/layout/data.ts";
import type { Problem } from "../diagnostics/problem.ts";
import type {
  BinaryOperator,
  Block,
  CompareOperator,
  IrType,
  Op,
  Operand,
  Place,
  Scalar,
  Slot,
  Statement,
  Temp,
  Variable,
} from "../ir/ir.ts";
import { foldBinary, foldCompare } from "./fold.ts";
import type { ModuleBuilder } from "./module.ts";
import {
  doesNotFit,
  indexOutOfRange,
  lockMisuse,
  missingResult,
  sideEffectInDecide,
  staleView,
  unboundedLoop,
  uncheckedNull,
  unfinishedRecord,
} from "./problems.ts";
import { spanOf } from "./program.ts";
import { type MutableCell, Scope } from "./scope.ts";
import { constant, isConstant, isIrScalar, wrap } from "./types.ts";
import type { ts } from "./typescript.ts";
import type { Fact, Facts, FunctionValue, ScalarType, Value } from "./values.ts";

/** Statements to be decided later; flattened away when the function is finished. */
export interface Hole {
  readonly kind: "hole";
  readonly statements: Draft[];
  /** What is known where it stands. */
  readonly knowledge: Knowledge;
}
export type Draft = Statement | Hole;

/** Thrown to leave a statement whose problem has been reported (or, with null, was reported earlier). */
export class Refusal extends Error {
  readonly problem: Problem | null;
  constructor(problem: Problem | null) {
    super(problem?.message ?? "poisoned");
    this.problem = problem;
  }
}

/** One way out of an inlined function, with the hole where its value can still be stored. */
export interface Exit {
  readonly value: Value;
  readonly hole: Hole;
}

/** A call that is being inlined. */
export interface Frame {
  readonly name: string;
  readonly declaration: ts.FunctionLikeDeclaration;
  /** Where it was called. */
  readonly call: ts.Node;
  readonly label: number;
  readonly exits: Exit[];
  readonly result: ScalarType | null;
  /** Depth of callbacks at which the frame was entered: a return must not cross one. */
  readonly callbacks: number;
}

export interface Jump {
  readonly label: string | null;
  readonly breakTo: number;
  readonly continueTo: number | null;
  readonly callbacks: number;
  /** Whether a break out of it was lowered. */
  broken: boolean;
  continued: boolean;
}

/** What holds on the path being lowered. Copied, never changed, so that a branch's end can be compared with its start. */
export interface Knowledge {
  /** By identity of the nullable: whether there is a value. */
  readonly present: ReadonlyMap<number, boolean>;
  /** By temp: bounds that tests on this path have shown. */
  readonly ranges: ReadonlyMap<number, readonly [bigint, bigint]>;
  /** By variable: what it holds, where that is known. */
  readonly contents: ReadonlyMap<number, Content>;
  /** Packet fields loaded on this path, by place, offset and name. */
  readonly loads: ReadonlyMap<string, Value>;
  /** By variable that holds a packet view: the epoch in which that view was taken. */
  readonly epochs: ReadonlyMap<number, number>;
  /** Ring-buffer records reserved on this path that nothing has finished yet, and where they were reserved. */
  readonly records: Records;
  /** Changes with every head or tail adjustment; a packet view of another epoch is dead. */
  readonly epoch: number;
}
/** By identity of the record's nullable. */
export type Records = ReadonlyMap<number, ts.Node>;

export interface Content {
  readonly operand: Operand;
  readonly low: bigint;
  readonly high: bigint;
}
const NOTHING: Knowledge = {
  present: new Map(),
  ranges: new Map(),
  contents: new Map(),
  loads: new Map(),
  epochs: new Map(),
  records: new Map(),
  epoch: 0,
};

/** A nested block, and the state in which its end was reached. */
export interface Nested {
  readonly block: Draft[];
  readonly reachable: boolean;
  readonly knowledge: Knowledge;
  /** Versions at its end of the cells it assigned. */
  readonly versions: ReadonlyMap<MutableCell, number>;
  readonly assigned: ReadonlySet<number>;
  /** Whether it wrote to the packet. */
  readonly wrote: boolean;
  /** Temps from this number on were made in it: they mean nothing outside its braces. */
  readonly firstTemp: number;
}

/** What the hook being compiled may do: `decide` and `holds` are pure. */
export interface Purity {
  readonly hook: string;
}

export class Lowering {
  readonly module: ModuleBuilder;
  readonly variables: Variable[] = [];
  readonly slots: Slot[] = [];
  scope = new Scope(null);
  block: Draft[] = [];
  reachable = true;
  knowledge: Knowledge = NOTHING;
  /** Variables set, and versions before, of the cells assigned in the block being lowered. */
  #assigned = new Set<number>();
  #touched = new Map<MutableCell, number>();
  readonly frames: Frame[] = [];
  readonly jumps: Jump[] = [];
  callbacks = 0;
  readonly cells = new Set<MutableCell>();
  /** Temps from this number on were made on one of the paths that are being merged. */
  mergeFloor = Number.POSITIVE_INFINITY;
  /** Set when a cell learns its shape, so that a loop whose start assumed otherwise is lowered again. */
  reshaped = false;
  locked = false;
  purity: Purity | null = null;
  place: Place = { file: 0, line: 1, column: 1 };
  node: ts.Node | null = null;
  readonly #freeSlots: number[] = [];
  #temps = 0;
  #labels = 0;
  #versions = 0;

  constructor(module: ModuleBuilder) {
    this.module = module;
  }

  // ---- places and problems

  at(node: ts.Node): void {
    this.node = node;
    this.place = this.module.placeOf(node);
  }

  refuse(make: (span: ReturnType<typeof spanOf>) => Problem, node: ts.Node): never {
    const problem = make(this.span(this.#authored(node)));
    throw new Refusal(FROM_KNOWLEDGE.has(problem.code) && this.#isDoubtful(node) ? null : problem);
  }

  /** Names in conditions that were refused: what these would have shown is missing, and is no problem of its own. */
  readonly #doubtful = new Set<string>();
  doubt(condition: ts.Node): void {
    for (const name of namesIn(condition)) this.#doubtful.add(name);
  }
  #isDoubtful(node: ts.Node): boolean {
    return this.#doubtful.size > 0 && namesIn(node).some((name) => this.#doubtful.has(name));
  }

  /** The node, or, inside our own library, the author's call that led there: a mistake is told where it can be mended. */
  #authored(node: ts.Node): ts.Node {
    if (!this.module.isOwn(node)) return node;
    return this.frames.findLast((frame) => !this.module.isOwn(frame.call))?.call ?? node;
  }

  span(node: ts.Node): ReturnType<typeof spanOf> {
    return spanOf(node, this.module.root);
  }

  // ---- fresh things

  temp(type: IrType, name = "t"): Temp {
    return { kind: "temp", id: this.#temps++, type, name };
  }
  /** The number of the next temp. */
  get nextTemp(): number {
    return this.#temps;
  }
  label(): number {
    return this.#labels++;
  }
  readonly #parts = new Map<string, number>();
  /** The identity of a part of something that has one: the same as long as the whole's is. */
  partOf(identity: number, name: string): number {
    const key = `${identity}.${name}`;
    const known = this.#parts.get(key) ?? this.fresh();
    this.#parts.set(key, known);
    return known;
  }
  /** A number never given before: identity of nullables, versions of cells. */
  fresh(): number {
    return ++this.#versions;
  }
  variable(type: IrType, name: string): number {
    this.variables.push({ id: this.variables.length, type, name });
    return this.variables.length - 1;
  }
  slot(layout: LayoutData, name: string): Operand {
    const id = this.slots.push({ id: this.slots.length, name, layout }) - 1;
    const place = this.emit({ op: "slot", slot: id }, "pointer", name);
    this.localPlaces.add(place.id);
    return place;
  }
  /** Temps that point to stack slots of the author's own. */
  readonly localPlaces = new Set<number>();
  /** A slot that is needed only until `use` returns; slots of one size are used again. */
  withSlot<R>(layout: LayoutData, name: string, use: (place: Operand) => R): R {
    const id = this.#takeFree(layout.size) ?? this.slots.push({ id: this.slots.length, name, layout }) - 1;
    try {
      return use(this.emit({ op: "slot", slot: id }, "pointer", name));
    } finally {
      this.#freeSlots.push(id);
    }
  }

  /** The smallest free slot that is large enough. */
  #takeFree(bytes: number): number | undefined {
    const size = (id: number) => (this.slots[id] as Slot).layout.size;
    const [best] = this.#freeSlots.filter((id) => size(id) >= bytes).sort((a, b) => size(a) - size(b));
    if (best !== undefined) this.#freeSlots.splice(this.#freeSlots.indexOf(best), 1);
    return best;
  }

  // ---- emission

  push(statement: Draft): void {
    if (this.reachable) this.block.push(statement);
  }

  emit(op: Op, type: IrType, name = "t"): Temp {
    this.#allowed(op);
    const result = this.temp(type, name);
    this.push({ kind: "let", result, op, at: this.place });
    return result;
  }

  run(op: Op): void {
    this.#allowed(op);
    this.push({ kind: "let", result: null, op, at: this.place });
  }

  /** The kernel takes no calls while a spin lock is held. */
  #allowed(op: Op): void {
    if (this.locked && !UNDER_LOCK.has(op.op) && this.node !== null)
      this.refuse((at) => lockMisuse(at, "This call"), this.node);
  }

  binary(operator: BinaryOperator, type: Scalar, a: Operand, b: Operand): Operand {
    return foldBinary(operator, type, a, b) ?? this.emit({ op: "binary", operator, type, a, b }, type);
  }

  compare(operator: CompareOperator, type: Scalar, a: Operand, b: Operand): Operand {
    return foldCompare(operator, type, a, b) ?? this.emit({ op: "compare", operator, type, a, b }, "bool");
  }

  not(a: Operand): Operand {
    return isConstant(a) ? constant("bool", a.value === 0n ? 1n : 0n) : this.emit({ op: "not", a }, "bool");
  }

  convert(a: Operand, from: Scalar, to: Scalar): Operand {
    if (from === to) return a;
    return isConstant(a) ? constant(to, wrap(to, a.value)) : this.emit({ op: "convert", from, to, a }, to);
  }

  select(type: IrType, condition: Operand, a: Operand, b: Operand): Operand {
    if (isConstant(condition)) return condition.value !== 0n ? a : b;
    if (isConstant(a) && isConstant(b) && a.value === b.value) return a;
    return this.emit({ op: "select", type, condition, a, b }, type);
  }

  get(variable: number): Temp {
    const { type, name } = this.variables[variable] as Variable;
    return this.emit({ op: "get", variable, type }, type, name);
  }

  set(variable: number, value: Operand, bounds?: { readonly low: bigint; readonly high: bigint }): void {
    if (!this.reachable) return;
    this.push({ kind: "set", variable, value, at: this.place });
    this.#assigned.add(variable);
    const contents = new Map(this.knowledge.contents);
    if (bounds === undefined) contents.delete(variable);
    else contents.set(variable, { operand: value, low: bounds.low, high: bounds.high });
    this.knowledge = { ...this.knowledge, contents };
  }

  /** `operand` was just read from the variable: reading it again gives the same until it is set. */
  holds(variable: number, content: Content): void {
    this.knowledge = { ...this.knowledge, contents: new Map(this.knowledge.contents).set(variable, content) };
  }

  content(variable: number): Content | undefined {
    return this.knowledge.contents.get(variable);
  }

  /** A cell was assigned: what was known of its old content no longer holds. */
  touch(cell: MutableCell): void {
    if (!this.#touched.has(cell)) this.#touched.set(cell, cell.version);
    cell.version = this.fresh();
  }

  loaded(key: string, value: Value): void {
    this.knowledge = { ...this.knowledge, loads: new Map(this.knowledge.loads).set(key, value) };
  }

  /** How often the packet was written, on any path. */
  writes = 0;
  packetWritten(): void {
    this.writes++;
    this.knowledge = { ...this.knowledge, loads: new Map() };
  }

  get epoch(): number {
    return this.knowledge.epoch;
  }

  /** How often the packet was moved, on any path. */
  moves = 0;
  /** The packet was moved: every view taken so far is dead. */
  movePacket(): void {
    this.moves++;
    this.hidePacket();
  }
  /** A body that the kernel calls back sees none of the packet views taken outside it. */
  hidePacket(): void {
    this.knowledge = { ...this.knowledge, epoch: this.fresh(), loads: new Map() };
  }

  /** Before a loop: its later iterations start with whatever its body leaves. */
  forgetForLoop(cells: Iterable<MutableCell>): void {
    this.knowledge = { ...this.knowledge, contents: new Map(), loads: new Map() };
    for (const cell of cells) this.touch(cell);
  }

  hole(): Hole {
    const hole: Hole = { kind: "hole", statements: [], knowledge: this.knowledge };
    this.push(hole);
    return hole;
  }

  /** Emits into `hole` what `fill` emits. */
  into(hole: Hole, fill: () => void): void {
    const { block, reachable, knowledge } = this;
    this.block = hole.statements;
    this.reachable = true;
    this.knowledge = hole.knowledge;
    try {
      fill();
    } finally {
      Object.assign(this, { block, reachable, knowledge });
    }
  }

  /** Emits a nested block with its own knowledge; the caller joins its end with what follows. */
  nested(fill: () => void, facts: readonly Fact[] = []): Nested {
    const { writes } = this;
    const firstTemp = this.#temps;
    const before = {
      block: this.block,
      reachable: this.reachable,
      knowledge: this.knowledge,
      scope: this.scope,
      assigned: this.#assigned,
      touched: this.#touched,
    };
    this.block = [];
    this.scope = new Scope(before.scope);
    this.#assigned = new Set();
    this.#touched = new Map();
    this.learn(facts);
    try {
      fill();
      const versions = new Map([...this.#touched.keys()].map((cell) => [cell, cell.version]));
      const wrote = this.writes !== writes;
      return {
        block: this.block,
        reachable: this.reachable,
        knowledge: this.knowledge,
        versions,
        assigned: this.#assigned,
        wrote,
        firstTemp,
      };
    } finally {
      for (const [cell, version] of this.#touched) cell.version = version;
      for (const variable of this.#assigned) before.assigned.add(variable);
      Object.assign(this, {
        block: before.block,
        reachable: before.reachable,
        knowledge: before.knowledge,
        scope: before.scope,
      });
      this.#assigned = before.assigned;
      this.#touched = before.touched;
    }
  }

  /** Goes on after one nested block whose statements were put here without braces. */
  splice(body: Nested): void {
    for (const draft of body.block) this.push(draft);
    this.#adopt(body, body.knowledge);
  }

  #adopt(end: Nested, knowledge: Knowledge): void {
    for (const [cell, version] of end.versions) {
      this.touch(cell);
      cell.version = version;
    }
    this.knowledge = knowledge;
    this.reachable = this.reachable && end.reachable;
  }

  /** Goes on after nested blocks of which those reachable at their end meet here. */
  join(ends: readonly Nested[]): void {
    const live = ends.filter((end) => end.reachable);
    this.reachable = this.reachable && live.length > 0;
    const [only] = live;
    if (live.length === 1 && only !== undefined) {
      const outside = (operand: Operand) => operand.kind !== "temp" || operand.id < only.firstTemp;
      const contents = new Map([...only.knowledge.contents].filter(([, content]) => outside(content.operand)));
      const loads = new Map(
        [...only.knowledge.loads].filter(([, value]) => value.kind === "scalar" && outside(value.operand)),
      );
      this.#adopt(only, { ...only.knowledge, contents, loads });
      return;
    }
    const versions = live.map(
      (end) => new Map([...this.#cellsOf(ends)].map((cell) => [cell, end.versions.get(cell) ?? cell.version])),
    );
    this.forget(ends);
    this.#agree(live, versions, this.#cellsOf(ends));
  }

  #cellsOf(ends: readonly Nested[]): ReadonlySet<MutableCell> {
    return new Set(ends.flatMap((end) => [...end.versions.keys()]));
  }

  /** Keeps what holds at the end of every way that meets here: whether a name has a value, and constants. */
  #agree(
    live: readonly Nested[],
    versions: readonly ReadonlyMap<MutableCell, number>[],
    cells: ReadonlySet<MutableCell>,
  ): void {
    const [first, ...rest] = live;
    if (first === undefined) return;
    const present = new Map(this.knowledge.present);
    for (const cell of cells) {
      const [known, ...others] = live.map((end, i) => end.knowledge.present.get(versions[i]?.get(cell) ?? -1));
      if (known !== undefined && others.every((other) => other === known)) present.set(cell.version, known);
    }
    const contents = new Map(this.knowledge.contents);
    for (const variable of new Set(live.flatMap((end) => [...end.assigned]))) {
      const content = first.knowledge.contents.get(variable);
      if (content === undefined || !isConstant(content.operand)) continue;
      const { value } = content.operand;
      const same = rest.every((end) => {
        const other = end.knowledge.contents.get(variable)?.operand;
        return other !== undefined && isConstant(other) && other.value === value;
      });
      if (same) contents.set(variable, content);
    }
    this.knowledge = { ...this.knowledge, present, contents };
  }

  /**
   * Drops what any of these blocks may have changed. `movedWithin`: the packet may have been moved on the way. `label`:
   * what jumped there meets here too.
   */
  forget(ends: readonly Nested[], movedWithin = false, label: number | null = null): void {
    const contents = new Map(this.knowledge.contents);
    for (const end of ends) {
      for (const variable of end.assigned) contents.delete(variable);
      for (const cell of end.versions.keys()) this.touch(cell);
    }
    const moved = movedWithin || ends.some((end) => end.reachable && end.knowledge.epoch !== this.knowledge.epoch);
    const loads = moved || ends.some((end) => end.wrote) ? new Map<string, Value>() : this.knowledge.loads;
    const records = new Map([
      ...ends.flatMap((end) => (end.reachable ? [...openRecords(end.knowledge)] : [])),
      ...(label === null ? [] : (this.left.get(label) ?? [])),
    ]);
    const epoch = moved ? this.fresh() : this.knowledge.epoch;
    const epochs = this.#commonEpochs(ends, label !== null);
    this.knowledge = { ...this.knowledge, contents, loads, epochs, records, epoch };
  }

  /** Both branches of a condition; afterwards only what holds on the paths that go on is known. */
  branch(condition: Operand, facts: Facts | undefined, then: () => void, otherwise: () => void): void {
    if (isConstant(condition)) {
      if (condition.value !== 0n) then();
      else otherwise();
      return;
    }
    const { place } = this;
    const a = this.nested(then, facts?.whenTrue);
    const b = this.nested(otherwise, facts?.whenFalse);
    this.push({ kind: "if", condition, then: a.block as Block, otherwise: b.block as Block, at: place });
    this.join([a, b]);
  }

  /** By label: records unfinished where it was jumped to. */
  left: ReadonlyMap<number, Records> = new Map();

  jump(statement: Extract<Statement, { kind: "break" | "continue" | "return" }>): void {
    if (this.reachable && statement.kind === "break") {
      const records = new Map([...(this.left.get(statement.label) ?? []), ...openRecords(this.knowledge)]);
      this.left = new Map(this.left).set(statement.label, records);
    }
    this.push(statement);
    this.reachable = false;
  }

  // ---- knowledge

  learn(facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    const present = new Map(this.knowledge.present);
    const ranges = new Map(this.knowledge.ranges);
    for (const fact of facts) {
      if (fact.kind === "present") present.set(fact.id, fact.present);
      else {
        const [low, high] = ranges.get(fact.temp) ?? [fact.low, fact.high];
        ranges.set(fact.temp, [fact.low > low ? fact.low : low, fact.high < high ? fact.high : high]);
      }
    }
    this.knowledge = { ...this.knowledge, present, ranges };
  }

  isPresent(id: number): boolean | undefined {
    return this.knowledge.present.get(id);
  }

  /** Bounds of an operand, narrowed by what this path has tested. */
  bounds(value: { readonly operand: Operand; readonly low: bigint; readonly high: bigint }): readonly [bigint, bigint] {
    const known = value.operand.kind === "temp" ? this.knowledge.ranges.get(value.operand.id) : undefined;
    if (known === undefined) return [value.low, value.high];
    return [known[0] > value.low ? known[0] : value.low, known[1] < value.high ? known[1] : value.high];
  }

  viewAssigned(variable: number, epoch: number): void {
    this.knowledge = { ...this.knowledge, epochs: new Map(this.knowledge.epochs).set(variable, epoch) };
  }
  /**
   * Where paths differ, a view is as good as dead: it gets an epoch that never is. `jumps`: paths that are not among
   * `ends` meet here too; on those a variable may hold what it held before.
   */
  #commonEpochs(ends: readonly Nested[], jumps: boolean): ReadonlyMap<number, number> {
    const before = this.knowledge.epochs;
    const epochs = new Map(before);
    const live = ends.filter((end) => end.reachable || jumps);
    for (const variable of new Set(live.flatMap((end) => [...end.assigned]))) {
      const ways = [...live.map((end) => end.knowledge.epochs), ...(jumps ? [before] : [])];
      const found = new Set(ways.flatMap((way) => way.get(variable) ?? []));
      const [first] = found;
      if (first !== undefined) epochs.set(variable, found.size === 1 ? first : this.fresh());
    }
    return epochs;
  }

  recordOpened(id: number, node: ts.Node): void {
    this.knowledge = { ...this.knowledge, records: new Map(this.knowledge.records).set(id, node) };
  }
  /** Finished, or out of sight. */
  recordClosed(id: number): void {
    const records = new Map(this.knowledge.records);
    records.delete(id);
    this.knowledge = { ...this.knowledge, records };
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

  isActive(fn: FunctionValue): boolean {
    return this.frames.some((frame) => frame.declaration === fn.declaration);
  }
}

const namesIn = (node: ts.Node): readonly string[] => node.getText().match(/[A-Za-z_$][\w$]*/g) ?? [];

/** Problems that only say that something is not known. */
const FROM_KNOWLEDGE: ReadonlySet<string> = new Set(
  [uncheckedNull, staleView, doesNotFit, indexOutOfRange, unboundedLoop, missingResult, unfinishedRecord].map(
    ({ code }) => code,
  ),
);

/** A record that is known not to be there needs no finishing. */
const openRecords = ({ records, present }: Knowledge): Records =>
  new Map([...records].filter(([id]) => present.get(id) !== false));

/** What is no call of the kernel. */
const UNDER_LOCK: ReadonlySet<Op["op"]> = new Set<Op["op"]>([
  "binary",
  "compare",
  "not",
  "convert",
  "select",
  "swap",
  "get",
  "isNull",
  "packetAt",
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

/** Drafts with their holes dissolved. */
export function settle(drafts: readonly Draft[]): Block {
  return drafts.flatMap((draft): Statement[] => {
    switch (draft.kind) {
      case "hole":
        return [...settle(draft.statements)];
      case "if":
        return [{ ...draft, then: settle(draft.then), otherwise: settle(draft.otherwise) }];
      case "switch":
        return [
          {
            ...draft,
            cases: draft.cases.map((c) => ({ ...c, body: settle(c.body) })),
            otherwise: settle(draft.otherwise),
          },
        ];
      case "loop":
      case "block":
      case "repeat":
      case "drain":
        return [{ ...draft, body: settle(draft.body) }];
      default:
        return [draft];
    }
  });
}

/** The zero of a type, for variables' initial content. */
export const zeroOf = (type: IrType): Operand => (isIrScalar(type) ? constant(type, 0n) : { kind: "null", type });
