/** What is certain at one point of a function: which temps are assigned, which packet bytes are vouched for. */
import { commonFacts, commonOutcomes, type Fact, type Outcomes, unitedFacts } from "./packet-facts.ts";

/**
 * One way through the function. Mutable, and copied where ways part: functions have thousands of temps, so they are kept
 * as bits.
 */
export class FlowState {
  readonly #assigned: Uint32Array;
  /** Truth variables: all that is known when one of them is true, or false. */
  readonly #variables: Map<number, Outcomes>;
  facts: readonly Fact[];

  /** `temps`: one more than the greatest temp id of the function. */
  constructor(temps: number | Uint32Array, facts: readonly Fact[] = [], variables = new Map<number, Outcomes>()) {
    this.#assigned = typeof temps === "number" ? new Uint32Array(Math.ceil(temps / 32)) : temps;
    this.#variables = variables;
    this.facts = facts;
  }

  copy(): FlowState {
    return new FlowState(this.#assigned.slice(), this.facts, new Map(this.#variables));
  }

  setVariable(id: number, outcomes: Outcomes): void {
    this.#variables.set(id, outcomes);
  }

  forgetVariable(id: number): void {
    this.#variables.delete(id);
  }

  variable(id: number): Outcomes | undefined {
    return this.#variables.get(id);
  }

  assign(id: number): void {
    this.#assigned[id >>> 5] = (this.#assigned[id >>> 5] ?? 0) | (1 << (id & 31));
  }

  isAssigned(id: number): boolean {
    return ((this.#assigned[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0;
  }

  learn(facts: readonly Fact[]): void {
    this.facts = unitedFacts(this.facts, facts);
  }

  /** Keeps what is certain on the other way too. */
  meet(other: FlowState): void {
    for (let i = 0; i < this.#assigned.length; i++) {
      this.#assigned[i] = (this.#assigned[i] ?? 0) & (other.#assigned[i] ?? 0);
    }
    for (const [id, outcomes] of this.#variables) {
      const others = other.#variables.get(id);
      if (others === undefined) this.#variables.delete(id);
      else if (others !== outcomes) this.#variables.set(id, commonOutcomes(outcomes, others));
    }
    this.facts = commonFacts(this.facts, other.facts);
  }
}

/** `null`: the point is not reached. */
export type Flow = FlowState | null;

/** What is certain where two ways meet; the states given are used up. */
export function join(a: Flow, b: Flow): Flow {
  if (a === null || b === null) return a ?? b;
  a.meet(b);
  return a;
}
