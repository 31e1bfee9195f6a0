/**
 * Paths through a function: nested blocks with knowledge of their own, and what is known where they meet. Knowledge is
 * about variables, nullables, temps, packet loads, and the packet's epoch; see `Knowledge`.
 */
import type { Block, Operand, Statement } from "../ir/ir.ts";
import type { Hole } from "./drafts.ts";
import { Emitter } from "./emitter.ts";
import {
  agreedConstants,
  type Content,
  type Knowledge,
  learned,
  type Nested,
  NOTHING,
  openRecords,
  outsideBraces,
  type Records,
} from "./knowledge.ts";
import { type MutableCell, Scope, variablesOf } from "./scope.ts";
import { isConstant } from "./types.ts";
import type { ts } from "./typescript.js";
import type { Fact, Facts, Value } from "./values.ts";

export class Paths extends Emitter {
  scope = new Scope(null);
  knowledge: Knowledge = NOTHING;
  /** Variables set, and versions before, of the cells assigned in the block being lowered. */
  #assigned = new Set<number>();
  #touched = new Map<MutableCell, number>();

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

  /** Before a loop: its later iterations start with whatever its body leaves. What is `steady` it leaves alone. */
  forgetForLoop(cells: Iterable<MutableCell>, steady: ReadonlySet<MutableCell> = new Set()): void {
    const kept = new Set([...steady].flatMap(({ storage }) => variablesOf(storage)));
    const contents = new Map([...this.knowledge.contents].filter(([variable]) => kept.has(variable)));
    this.knowledge = { ...this.knowledge, contents, loads: new Map() };
    for (const cell of cells) if (!steady.has(cell)) this.touch(cell);
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
    const firstTemp = this.nextTemp;
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
      this.#adopt(only, outsideBraces(only));
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
    const present = new Map(this.knowledge.present);
    for (const cell of cells) {
      const [known, ...others] = live.map((end, i) => end.knowledge.present.get(versions[i]?.get(cell) ?? -1));
      if (known !== undefined && others.every((other) => other === known)) present.set(cell.version, known);
    }
    const contents = new Map([...this.knowledge.contents, ...agreedConstants(live)]);
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
    const over = ends.flatMap((end) => (end.reachable ? [...end.knowledge.finished] : []));
    const finished = over.length === 0 ? this.knowledge.finished : new Set([...this.knowledge.finished, ...over]);
    this.knowledge = { ...this.knowledge, contents, loads, epochs, records, finished, epoch };
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
      const open = openRecords(this.knowledge);
      if (open.size > 0) {
        const records = new Map([...(this.left.get(statement.label) ?? []), ...open]);
        this.left = new Map(this.left).set(statement.label, records);
      }
    }
    this.push(statement);
    this.reachable = false;
  }

  // ---- knowledge

  learn(facts: readonly Fact[]): void {
    this.knowledge = learned(this.knowledge, facts);
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
  /** Submitted or discarded: it is not the program's any more. */
  recordFinished(id: number): void {
    this.recordClosed(id);
    this.knowledge = { ...this.knowledge, finished: new Set(this.knowledge.finished).add(id) };
  }
  /** Finished, or out of sight. */
  recordClosed(id: number): void {
    const records = new Map(this.knowledge.records);
    records.delete(id);
    this.knowledge = { ...this.knowledge, records };
  }
}
