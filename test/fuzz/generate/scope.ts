/** The names that a place in the program can see. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { Token } from "./lifetime.ts";
import type { Scalar } from "./scalars.ts";

/** Something scalar that can be read, and perhaps written: a name, an object's property. */
export interface Variable {
  readonly kind: "variable";
  readonly text: string;
  readonly type: Scalar;
  readonly assignable: boolean;
  /** It is never more than this; null when only its type limits it. */
  readonly high: bigint | null;
}

/** A live alias of memory. */
export interface View {
  readonly kind: "view";
  readonly text: string;
  readonly layout: LayoutData;
  readonly writable: boolean;
  readonly token: Token | null;
  /** What it points into: atomics work in maps only, and helpers take a record of a ring buffer once. */
  readonly place: "packet" | "map" | "memory" | "record";
}

/** A function of the program itself. */
export interface Callable {
  readonly kind: "function";
  readonly text: string;
  readonly parameters: readonly Scalar[];
  readonly result: Scalar | null;
  /** What its body points into: it can be called only while all of that lives. */
  readonly holds: readonly Token[];
}

export interface ObjectName {
  readonly kind: "object";
  readonly text: string;
  readonly fields: readonly { readonly name: string; readonly type: Scalar }[];
}

export interface CursorName {
  readonly kind: "cursor";
  readonly text: string;
  readonly token: Token;
}

export type Named = Variable | View | Callable | ObjectName | CursorName;

export class Scope {
  readonly #names: Named[] = [];
  readonly parent: Scope | null;
  constructor(parent: Scope | null) {
    this.parent = parent;
  }
  add(named: Named): void {
    this.#names.push(named);
  }
  all<K extends Named["kind"]>(kind: K): Extract<Named, { kind: K }>[] {
    const own = this.#names.filter((named): named is Extract<Named, { kind: K }> => named.kind === kind);
    return [...(this.parent?.all(kind) ?? []), ...own];
  }
}
