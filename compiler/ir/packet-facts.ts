/**
 * What is known about packet places while IR is verified: which bytes a dominating `packetFits` has vouched for.
 * Only places whose way from a `packetAt` is plain (constant offsets) are followed; others are not judged here.
 */
import type { Block, Op, Operand, Temp } from "./ir.ts";
import { operandsOf, statementOperands, walk } from "./operands.ts";

/** Bytes [from, to) after the `packetAt` or `advance` result `root` lie inside the packet. */
export interface Fact {
  readonly root: number;
  readonly from: number;
  readonly to: number;
}

/** What is known after a condition came out one way; `null`: it cannot come out so. */
export type Known = readonly Fact[] | null;

/** All that is known after a condition came out true, and after it came out false. */
export interface Outcomes {
  readonly whenTrue: Known;
  readonly whenFalse: Known;
}

export const covers = (facts: readonly Fact[], { root, from, to }: Fact): boolean =>
  from >= to || facts.some((fact) => fact.root === root && fact.from <= from && to <= fact.to);

const sameFact = (a: Fact, b: Fact): boolean => a.root === b.root && a.from === b.from && a.to === b.to;

export const commonFacts = (a: readonly Fact[], b: readonly Fact[]): readonly Fact[] =>
  a === b ? a : a.filter((fact) => b.some((other) => sameFact(fact, other)));

/** Without the facts of `b` that `a` has already: ways that meet and part would double them at every step. */
export const unitedFacts = (a: readonly Fact[], b: readonly Fact[]): readonly Fact[] => {
  const fresh = b.filter((fact) => !a.some((other) => sameFact(fact, other)));
  return fresh.length === 0 ? a : [...a, ...fresh];
};

const common = (a: Known, b: Known): Known => (a === null || b === null ? (a ?? b) : commonFacts(a, b));
const both = (a: Known, b: Known): Known => (a === null || b === null ? null : unitedFacts(a, b));

/** What a condition tells where two ways meet, on which it was computed differently. */
export const commonOutcomes = (a: Outcomes, b: Outcomes): Outcomes => ({
  whenTrue: common(a.whenTrue, b.whenTrue),
  whenFalse: common(a.whenFalse, b.whenFalse),
});

/** Adds what holds anyway. */
export const withFacts = ({ whenTrue, whenFalse }: Outcomes, facts: readonly Fact[]): Outcomes => ({
  whenTrue: both(whenTrue, facts),
  whenFalse: both(whenFalse, facts),
});

const NOTHING: Outcomes = { whenTrue: [], whenFalse: [] };
const ALWAYS: Outcomes = { whenTrue: [], whenFalse: null };
const NEVER: Outcomes = { whenTrue: null, whenFalse: [] };

const isLogic = (op: Op): boolean =>
  op.op === "not" || (op.op === "binary" && op.type === "bool" && op.operator !== "xor");

/** Places and conditions of one function, learnt statement by statement in the order of the source. */
export class PacketKnowledge {
  readonly #places = new Map<number, { readonly root: number; readonly delta: number }>();
  readonly #outcomes = new Map<number, Outcomes>();
  /** Conditions that go where they are not followed, say into a call: what they are about is not judged. */
  readonly #escaped: ReadonlySet<number>;
  readonly #unjudged: Fact[] = [];

  constructor(body: Block) {
    this.#escaped = escapedConditions(body);
  }

  /** Learns what `result` is. `variable` gives what is known of a variable at this point. */
  learn(result: Temp, op: Op, variable: (id: number) => Outcomes | undefined): void {
    if (op.op === "packetAt" || op.op === "advance") this.#places.set(result.id, { root: result.id, delta: 0 });
    if (op.op === "offset") this.#follow(result, op.a, op.bytes);
    const outcomes = op.op === "get" ? (variable(op.variable) ?? NOTHING) : this.#outcomesOf(op);
    this.#outcomes.set(result.id, outcomes);
    if (this.#escaped.has(result.id)) this.#unjudged.push(...(outcomes.whenTrue ?? []), ...(outcomes.whenFalse ?? []));
  }

  #follow(result: Temp, base: Operand, bytes: number): void {
    const place = base.kind === "temp" ? this.#places.get(base.id) : undefined;
    if (place !== undefined) this.#places.set(result.id, { root: place.root, delta: place.delta + bytes });
  }

  #outcomesOf(op: Op): Outcomes {
    if (op.op === "packetFits") {
      const fact = this.#bytes(op.place, 0, op.bytes);
      return fact === null ? NOTHING : { whenTrue: [fact], whenFalse: [] };
    }
    if (op.op === "not") {
      const { whenTrue, whenFalse } = this.outcomes(op.a);
      return { whenTrue: whenFalse, whenFalse: whenTrue };
    }
    if (op.op === "binary" && op.type === "bool") {
      const [a, b] = [this.outcomes(op.a), this.outcomes(op.b)];
      if (op.operator === "and")
        return { whenTrue: both(a.whenTrue, b.whenTrue), whenFalse: common(a.whenFalse, b.whenFalse) };
      if (op.operator === "or")
        return { whenTrue: common(a.whenTrue, b.whenTrue), whenFalse: both(a.whenFalse, b.whenFalse) };
    }
    return NOTHING;
  }

  /** What a condition's two outcomes tell. */
  outcomes(condition: Operand): Outcomes {
    if (condition.kind === "constant") return condition.value === 0n ? NEVER : ALWAYS;
    return condition.kind === "temp" ? (this.#outcomes.get(condition.id) ?? NOTHING) : NOTHING;
  }

  /** The bytes [offset, offset + bytes) from a place as a fact; null when an access to them is not to be judged. */
  range(place: Operand, offset: number, bytes: number): Fact | null {
    const fact = this.#bytes(place, offset, bytes);
    return fact === null || covers(this.#unjudged, fact) ? null : fact;
  }

  #bytes(place: Operand, offset: number, bytes: number): Fact | null {
    const known = place.kind === "temp" ? this.#places.get(place.id) : undefined;
    if (known === undefined) return null;
    const from = known.delta + offset;
    return { root: known.root, from, to: from + bytes };
  }
}

/** Temps that are operands of anything but logic, `if` and `set`; and those from which logic made such a temp. */
function escapedConditions(body: Block): ReadonlySet<number> {
  const escaped = new Set<number>();
  const mark = (operands: readonly Operand[]): void => {
    for (const operand of operands) if (operand.kind === "temp") escaped.add(operand.id);
  };
  const logic: { readonly result: number; readonly from: readonly Operand[] }[] = [];
  walk(body, (statement) => {
    if (statement.kind === "if" || statement.kind === "set") return;
    if (statement.kind !== "let" || !isLogic(statement.op)) mark(statementOperands(statement));
    else if (statement.result !== null) logic.push({ result: statement.result.id, from: operandsOf(statement.op) });
  });
  for (const { result, from } of logic.reverse()) if (escaped.has(result)) mark(from);
  return escaped;
}
