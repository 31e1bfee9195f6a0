/** What is known on one way through a function: contents of variables, places in the packet, outcomes of bounds tests. */
import { FlowState, join } from "../ir/flow.ts";
import type { Constant, Operand, Scalar, Temp } from "../ir/ir.ts";

function same(a: Operand, b: Operand): boolean {
  if (a.kind === "temp") return b.kind === "temp" && a.id === b.id;
  if (a.kind === "constant") return b.kind === "constant" && a.value === b.value;
  return b.kind === "null";
}

/** What variables hold on one of the ways that led here, where that is known. */
type Way = ReadonlyMap<number, Constant>;

/** More ways than these are not told apart. */
const MOST_WAYS = 4;

function keepCommon<K, V>(mine: Map<K, V>, others: ReadonlyMap<K, V>, equal: (a: V, b: V) => boolean): void {
  for (const [key, value] of mine) {
    const other = others.get(key);
    if (other === undefined || !equal(value, other)) mine.delete(key);
  }
}

/** A place at a fixed distance from the packet's start. */
export interface FixedPlace {
  readonly place: Temp;
  readonly offset: number;
}

export class Path {
  readonly flow: FlowState;
  /** What each variable holds now. */
  readonly values: Map<number, Operand>;
  /** Results that would come out the same again, by what was asked. */
  readonly results: Map<string, Temp>;
  fixed: FixedPlace | null;
  /** Values that comparisons have told, by temp. */
  readonly equal: Map<number, bigint>;
  /** Places that hold nothing yet. What they hold is not asked for where they do, so any value will do. */
  readonly empty: Set<number>;
  /** The ways that met here: truth variables that differ between them tell of each other. */
  ways: readonly Way[] = [];

  constructor(
    flow = new FlowState(0),
    values: ReadonlyMap<number, Operand> = new Map(),
    results: ReadonlyMap<string, Temp> = new Map(),
    fixed: FixedPlace | null = null,
    equal: ReadonlyMap<number, bigint> = new Map(),
    empty: Iterable<number> = [],
  ) {
    this.flow = flow;
    this.values = new Map(values);
    this.results = new Map(results);
    this.fixed = fixed;
    this.equal = new Map(equal);
    this.empty = new Set(empty);
  }

  /** A value as the constant that comparisons have shown it to be. */
  told(operand: Operand): Operand {
    const value = operand.kind === "temp" ? this.equal.get(operand.id) : undefined;
    return value === undefined ? operand : { kind: "constant", type: operand.type as Scalar, value };
  }

  copy(): Path {
    const copy = new Path(this.flow.copy(), this.values, this.results, this.fixed, this.equal, this.empty);
    copy.ways = this.ways;
    return copy;
  }

  setVariable(id: number, value: Operand): void {
    this.forgetVariable(id);
    this.values.set(id, value);
  }

  /** A truth variable, as it is, turned out to hold `value`. */
  learnVariable(id: number, value: Constant): void {
    this.ways = this.ways.filter((way) => (way.get(id)?.value ?? value.value) === value.value);
    const [only, ...others] = this.ways;
    if (only === undefined || others.length > 0) return;
    for (const [variable, held] of only) {
      const read = this.values.get(variable);
      if (read?.kind === "temp") this.equal.set(read.id, held.value);
      this.values.set(variable, held);
    }
  }

  forgetVariable(id: number): void {
    this.values.delete(id);
    this.empty.delete(id);
    if (this.ways.some((way) => way.has(id)))
      this.ways = this.ways.map((way) => new Map([...way].filter(([variable]) => variable !== id)));
    this.flow.forgetVariable(id);
  }

  forgetPacket(): void {
    this.results.clear();
    this.fixed = null;
    this.flow.facts = [];
    for (const [id, value] of this.values) {
      // Conditions of old speak of places that are dead now.
      if (value.kind === "temp" && (value.type === "packet" || value.type === "bool")) this.forgetVariable(id);
    }
  }

  /** Leaves out what stands in temps that may not be used here. */
  within(visible: (temp: Temp) => boolean): Path {
    const hidden = (operand: Operand): boolean => operand.kind === "temp" && !visible(operand);
    for (const [id, value] of this.values) {
      if (!hidden(value)) continue;
      const told = this.told(value);
      if (told.kind === "constant") this.values.set(id, told);
      else this.values.delete(id);
    }
    for (const [key, result] of this.results) if (hidden(result)) this.results.delete(key);
    if (this.fixed !== null && hidden(this.fixed.place)) this.fixed = null;
    return this;
  }

  /** The ways here, each with all that is known of truth variables. */
  #told(): readonly Way[] {
    const known = new Map<number, Constant>();
    for (const [id, value] of this.values) {
      const told = value.kind !== "null" && value.type === "bool" ? this.told(value) : value;
      if (told.kind === "constant" && told.type === "bool") known.set(id, told);
    }
    if (this.ways.length === 0) return [known];
    return this.ways.map((way) => new Map([...way, ...known]));
  }

  meet(other: Path): Path {
    join(this.flow, other.flow);
    const ways = [...this.#told(), ...other.#told()];
    this.ways = ways.length <= MOST_WAYS ? ways : [];
    const filled = [...other.values].filter(([id]) => this.empty.has(id));
    for (const id of other.empty) {
      const value = this.values.get(id);
      if (value !== undefined) filled.push([id, value]);
    }
    keepCommon(this.values, other.values, same);
    for (const [id, value] of filled) this.values.set(id, value);
    for (const id of this.empty) if (!other.empty.has(id)) this.empty.delete(id);
    keepCommon(this.equal, other.equal, (a, b) => a === b);
    keepCommon(this.results, other.results, same);
    if (this.fixed?.place.id !== other.fixed?.place.id) this.fixed = null;
    return this;
  }
}

/** `null`: the point is not reached. */
export const meeting = (a: Path | null, b: Path | null): Path | null =>
  a === null || b === null ? (a ?? b) : a.meet(b);
