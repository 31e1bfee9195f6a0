/**
 * Config fields: validated when set (see `configSchema` of zeta/runtime), shared read-only by the service's middleboxes
 * on a node, replaced as a whole. Scalars and structs are fields by themselves: `perSecond: u64`.
 */
import { compiledOnly } from "../compiled.ts";
import type { address, Layout, u32 } from "../layout/layouts.ts";

type Shape = Record<string, Layout<any>>;
type Viewed<V> =
  V extends Layout<infer T>
    ? T
    : V extends Shape
      ? { readonly [K in keyof V]: V[K] extends Layout<infer T> ? T : never }
      : never;

/** `Readonly` of what has fields; of a number it would make an object. */
type Kept<V> = V extends number | bigint | boolean ? V : Readonly<V>;

declare const seen: unique symbol;
/** A config field that a hook sees as `V`. */
export interface Field<V> {
  readonly [seen]?: () => V;
}
/** What hooks see of a field. */
export type View<F> = F extends Field<infer V> ? V : F extends Layout<infer V> ? V : never;

export interface Prefixes<V> {
  /** The value of the longest prefix that covers the address, or null. */
  lookup(at: address): V | null;
  has(at: address): boolean;
}
/** Values by address prefix, either family. At most `max` prefixes. */
export const prefixes = <const V extends Layout<any> | Shape>(_: {
  readonly of: V;
  readonly max: number;
}): Field<Prefixes<Kept<Viewed<V>>>> => compiledOnly("prefixes");

export interface Table<K, V> {
  lookup(key: K): V | null;
  has(key: K): boolean;
}
/** Values by key. At most `max` entries. */
export const table = <const K extends Layout<any> | Shape, const V extends Layout<any> | Shape>(_: {
  readonly key: K;
  readonly of: V;
  readonly max: number;
}): Field<Table<Viewed<K>, Kept<Viewed<V>>>> => compiledOnly("table");

export interface Maglev<V> {
  /** The choice for a hash; null when there is nothing to choose from. */
  pick(hash: u32): V | null;
  /** Whether a value is among the choices. */
  has(value: V): boolean;
}
/**
 * Weighted choices by consistent hashing (Eisenbud et al., "Maglev", NSDI 2016): when choices come and go, few hashes move.
 * `tableSize` is a prime, at least 100 times the number of choices for an even spread; 65 537 unless told.
 */
export const maglev = <V>(_: {
  readonly of: Layout<V>;
  readonly max: number;
  readonly tableSize?: number;
}): Field<Maglev<Kept<V>>> => compiledOnly("maglev");
