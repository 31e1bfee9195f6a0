/** Where names live: a chain of scopes, one per block and per inlined call, binding TypeScript symbols to cells. */
import type { ts } from "./typescript.js";
import type { Property, ScalarType, Value } from "./values.ts";

/** What a name is bound to. */
export type Cell =
  /** `const`, a parameter, or a `let` that nothing assigns. */
  | {
      readonly kind: "fixed";
      readonly value: Value;
      /** What to say when it is assigned nevertheless. */
      readonly what?: string;
      /** It is a property of a constant of a module. */
      readonly ofModule?: boolean;
    }
  /** A mutable local; its storage is IR variables, by the shape of what it holds. */
  | MutableCell;

export interface MutableCell {
  readonly kind: "mutable";
  readonly name: string;
  storage: Storage;
  /** New after every assignment, so that what was learned about the old content is forgotten. */
  version: number;
}

export type Storage =
  | { readonly kind: "scalar"; readonly type: ScalarType; readonly variable: number }
  | {
      readonly kind: "view";
      readonly variable: number;
      readonly example: Extract<Value, { kind: "view" }>;
      epoch: number;
    }
  | { readonly kind: "nullable"; readonly present: number | null; inner: Storage }
  | {
      readonly kind: "object";
      readonly fields: ReadonlyMap<string, Storage>;
      /** Getters and setters, kept as they are. */
      readonly accessors: ReadonlyMap<string, Property>;
      readonly name: string;
    }
  | { readonly kind: "list"; readonly items: readonly Storage[] }
  /** A cursor into the packet: where it stands, and its end (2^32 - 1 for the packet's own). */
  | { readonly kind: "cursor"; readonly position: number; readonly end: number; readonly forReading: boolean }
  | { readonly kind: "map"; readonly variable: number; readonly map: number }
  /** Nothing but null has been assigned so far. */
  | { readonly kind: "unknown" }
  /** Exists only while compiling and must never differ: a function, string, layout or map. */
  | { readonly kind: "same"; readonly value: Value };

/** The IR variables behind a cell. */
export function variablesOf(storage: Storage): readonly number[] {
  switch (storage.kind) {
    case "scalar":
    case "view":
    case "map":
      return [storage.variable];
    case "nullable":
      return [...(storage.present === null ? [] : [storage.present]), ...variablesOf(storage.inner)];
    default:
      return [];
  }
}

export class Scope {
  readonly #cells = new Map<ts.Symbol, Cell>();
  readonly parent: Scope | null;
  constructor(parent: Scope | null) {
    this.parent = parent;
  }
  bind(symbol: ts.Symbol, cell: Cell): void {
    this.#cells.set(symbol, cell);
  }
  find(symbol: ts.Symbol): Cell | undefined {
    return this.#cells.get(symbol) ?? this.parent?.find(symbol);
  }
  /** Every name that can be seen from here. */
  *visible(): Generator<readonly [ts.Symbol, Cell]> {
    yield* this.#cells;
    if (this.parent !== null) yield* this.parent.visible();
  }
}
