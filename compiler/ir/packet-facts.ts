/**
 * What is known about packet places while IR is verified: which bytes a dominating `packetFits` has vouched for.
 * Only places whose way from a `packetAt` is plain (constant offsets) are followed; others are not judged here.
 */
import type { Block, Operand, Temp } from "./ir.ts";
import { operandsOf, statementOperands, walk } from "./operands.ts";

/** Bytes [from, to) after the `packetAt` result `root` lie inside the packet. */
export interface Fact {
  readonly root: number;
  readonly from: number;
  readonly to: number;
}

/** What holds after a condition came out true, and after it came out false. */
export interface Outcomes {
  readonly whenTrue: readonly Fact[];
  readonly whenFalse: readonly Fact[];
}

const NOTHING: Outcomes = { whenTrue: [], whenFalse: [] };

export const covers = (facts: readonly Fact[], { root, from, to }: Fact): boolean =>
  from >= to || facts.some((fact) => fact.root === root && fact.from <= from && to <= fact.to);

const sameFact = (a: Fact, b: Fact): boolean => a.root === b.root && a.from === b.from && a.to === b.to;

export const commonFacts = (a: readonly Fact[], b: readonly Fact[]): readonly Fact[] =>
  a === b ? a : a.filter((fact) => b.some((other) => sameFact(fact, other)));

/** The shape of a function's packet places and of the conditions about them, gathered before the flow is followed. */
export class PacketShapes {
  readonly #places = new Map<number, { readonly root: number; readonly delta: number }>();
  readonly #outcomes = new Map<number, Outcomes>();
  /** Conditions that go somewhere else than straight into an `if`, say through a variable: their outcome is not followed. */
  readonly #escaped = new Set<number>();
  /** What those conditions are about. Their outcome is kept somewhere, so accesses they cover are not judged. */
  readonly #unfollowed: readonly Fact[];

  constructor(body: Block) {
    const derived: { readonly result: number; readonly from: readonly Operand[] }[] = [];
    walk(body, (statement) => {
      if (statement.kind !== "let") {
        if (statement.kind !== "if") this.#escape(statementOperands(statement));
        return;
      }
      const { op, result } = statement;
      const combines = op.op === "not" || (op.op === "binary" && op.type === "bool" && op.operator !== "xor");
      if (!combines) this.#escape(operandsOf(op));
      if (result === null) return;
      if (combines) derived.push({ result: result.id, from: operandsOf(op) });
      if (op.op === "packetAt") this.#places.set(result.id, { root: result.id, delta: 0 });
      if (op.op === "offset" && op.type === "packet") this.#follow(result, op.a, op.bytes);
      this.#outcomes.set(result.id, this.#outcomesOf(statement.op));
    });
    for (const { result, from } of derived.reverse()) if (this.#escaped.has(result)) this.#escape(from);
    this.#unfollowed = [...this.#escaped].flatMap((id) => this.#outcomes.get(id)?.whenTrue ?? []);
  }

  #escape(operands: readonly Operand[]): void {
    for (const operand of operands) if (operand.kind === "temp") this.#escaped.add(operand.id);
  }

  #follow(result: Temp, base: Operand, bytes: number): void {
    const place = base.kind === "temp" ? this.#places.get(base.id) : undefined;
    if (place !== undefined) this.#places.set(result.id, { root: place.root, delta: place.delta + bytes });
  }

  #outcomesOf(op: Parameters<typeof operandsOf>[0]): Outcomes {
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
      if (op.operator === "and") return { whenTrue: [...a.whenTrue, ...b.whenTrue], whenFalse: [] };
      if (op.operator === "or") return { whenTrue: [], whenFalse: [...a.whenFalse, ...b.whenFalse] };
    }
    return NOTHING;
  }

  /** What a condition's two outcomes tell. */
  outcomes(condition: Operand): Outcomes {
    return condition.kind === "temp" ? (this.#outcomes.get(condition.id) ?? NOTHING) : NOTHING;
  }

  /** The bytes [offset, offset + bytes) from a place as a fact; null when an access to them is not to be judged. */
  range(place: Operand, offset: number, bytes: number): Fact | null {
    const fact = this.#bytes(place, offset, bytes);
    return fact === null || covers(this.#unfollowed, fact) ? null : fact;
  }

  #bytes(place: Operand, offset: number, bytes: number): Fact | null {
    const known = place.kind === "temp" ? this.#places.get(place.id) : undefined;
    if (known === undefined) return null;
    const from = known.delta + offset;
    return { root: known.root, from, to: from + bytes };
  }
}
