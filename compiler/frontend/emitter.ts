/** Emission of IR into one function: temps, labels, variables, stack slots, operations with constants folded. */
import type { LayoutData } from "../../sdk/layout/data.ts";
import type {
  BinaryOperator,
  CompareOperator,
  IrType,
  Op,
  Operand,
  Place,
  Scalar,
  Slot,
  Temp,
  Variable,
} from "../ir/ir.ts";
import type { Draft } from "./drafts.ts";
import { foldBinary, foldCompare } from "./fold.ts";
import { constant, isConstant, wrap } from "./types.ts";

export class Emitter {
  readonly variables: Variable[] = [];
  readonly slots: Slot[] = [];
  /** Where statements go. */
  block: Draft[] = [];
  /** False after a jump: what follows is not emitted. */
  reachable = true;
  place: Place = { file: 0, line: 1, column: 1 };
  readonly #freeSlots: number[] = [];
  #temps = 0;
  #labels = 0;
  #versions = 0;

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
    this.allowed(op);
    const result = this.temp(type, name);
    this.push({ kind: "let", result, op, at: this.place });
    return result;
  }

  run(op: Op): void {
    this.allowed(op);
    this.push({ kind: "let", result: null, op, at: this.place });
  }

  /** Refuses operations that may not stand here. */
  protected allowed(_op: Op): void {}

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
}
