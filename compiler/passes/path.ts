/** What is known on one way through a function: contents of variables, places in the packet, outcomes of bounds tests. */
import { FlowState, join } from "../ir/flow.ts";
import type { Operand, Temp } from "../ir/ir.ts";

function same(a: Operand, b: Operand): boolean {
  if (a.kind === "temp") return b.kind === "temp" && a.id === b.id;
  if (a.kind === "constant") return b.kind === "constant" && a.value === b.value;
  return b.kind === "null";
}

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

  constructor(
    flow = new FlowState(0),
    values: ReadonlyMap<number, Operand> = new Map(),
    results: ReadonlyMap<string, Temp> = new Map(),
    fixed: FixedPlace | null = null,
  ) {
    this.flow = flow;
    this.values = new Map(values);
    this.results = new Map(results);
    this.fixed = fixed;
  }

  copy(): Path {
    return new Path(this.flow.copy(), this.values, this.results, this.fixed);
  }

  forgetVariable(id: number): void {
    this.values.delete(id);
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
    for (const [id, value] of this.values) if (hidden(value)) this.values.delete(id);
    for (const [key, result] of this.results) if (hidden(result)) this.results.delete(key);
    if (this.fixed !== null && hidden(this.fixed.place)) this.fixed = null;
    return this;
  }

  meet(other: Path): Path {
    join(this.flow, other.flow);
    keepCommon(this.values, other.values, same);
    keepCommon(this.results, other.results, same);
    if (this.fixed?.place.id !== other.fixed?.place.id) this.fixed = null;
    return this;
  }
}

/** `null`: the point is not reached. */
export const meeting = (a: Path | null, b: Path | null): Path | null =>
  a === null || b === null ? (a ?? b) : a.meet(b);
