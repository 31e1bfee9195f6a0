/**
 * What a layout is, as plain data: the one definition from which the compiler takes offsets, padding and BTF,
 * and the runtime takes its codec. Serialisable as JSON, so that a bundle's manifest can carry it.
 */

/** Scalars that have a place in memory. `ipv4`, `ipv6`, `mac` and `address` are kept in network byte order. */
export type ScalarName = "bool" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "ipv4" | "ipv6" | "mac" | "address";

export type ByteOrder = "little" | "big";

export interface ScalarLayout {
  readonly kind: "scalar";
  readonly type: ScalarName;
  /** Bytes in memory: 1, 2, 4, 6 (mac), 8 or 16. */
  readonly size: number;
  readonly align: number;
  readonly order: ByteOrder;
}

/** Unsigned bit fields that share one integer, most significant field first (the order in which RFCs draw them). */
export interface BitsLayout {
  readonly kind: "bits";
  readonly size: 1 | 2 | 4 | 8;
  readonly align: number;
  readonly order: ByteOrder;
  readonly fields: readonly { readonly name: string; readonly shift: number; readonly width: number }[];
}

export interface ArrayLayout {
  readonly kind: "array";
  readonly of: LayoutData;
  readonly length: number;
  readonly size: number;
  readonly align: number;
}

export interface StructField {
  readonly name: string;
  readonly offset: number;
  readonly layout: LayoutData;
}

export interface StructLayout {
  readonly kind: "struct";
  readonly fields: readonly StructField[];
  /** Includes tail padding. Padding bytes are always zero in keys. */
  readonly size: number;
  readonly align: number;
}

/** A kernel `struct bpf_spin_lock`: four bytes that only lock and unlock may touch. */
export interface SpinLockLayout {
  readonly kind: "spinLock";
  readonly size: 4;
  readonly align: 4;
}

export type LayoutData = ScalarLayout | BitsLayout | ArrayLayout | StructLayout | SpinLockLayout;

export const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Two layouts are the same when every offset, width, order and name in them is. */
export const sameLayout = (a: LayoutData | null, b: LayoutData | null): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Whether it is a scalar, or made of scalars that each have a name: nothing of it lies at a place that is computed. */
export const isPlain = (layout: LayoutData): boolean =>
  layout.kind === "scalar" || (layout.kind === "struct" && layout.fields.every((field) => isPlain(field.layout)));
