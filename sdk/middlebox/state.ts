/** State. All but bindings belongs to one node: lost with it, never shared between nodes. */
import { compiledOnly } from "../compiled.ts";
import type { Layout, u32, u64 } from "../layout/layouts.ts";
import type { Decision } from "./verdict.ts";

type Shape = Record<string, Layout<any>>;
type Viewed<V> =
  V extends Layout<infer T>
    ? T
    : V extends Shape
      ? { -readonly [K in keyof V]: V[K] extends Layout<infer T> ? T : never }
      : never;

declare const held: unique symbol;
/** State that a hook sees as `V`. */
export interface State<V> {
  readonly [held]?: () => V;
}
export type Held<S> = S extends State<infer V> ? V : never;

export interface Counter {
  /** Adds to this CPU's share; sums are exact. */
  add(count: u64): void;
}
export const counter = (): State<Counter> => compiledOnly("counter");

export interface Meter {
  /** Counts one packet of `bytes` bytes. */
  count(bytes: u32): void;
}
/** Packets and bytes. */
export const meter = (): State<Meter> => compiledOnly("meter");

export interface RateLimiter<K> {
  /**
   * Takes `cost` tokens (1 unless told) from the key's bucket; false when it holds fewer. Buckets refill with
   * `perSecond` tokens a second (at most 10^9) up to `burst` (at most 2 * 10^9). Packets of one key on several CPUs at the
   * same moment may be admitted on the same token.
   */
  allow(key: K, limit: { readonly perSecond: u64; readonly burst: u64 }, cost?: u64): boolean;
}
/**
 * Token buckets by key. At most `max` keys: the least recently used makes room. What a limit is of: of each node by itself
 * (`"node"`), or of the service as a whole (`"service"`), of which every node has a share, and the agents redistribute the
 * shares. A node that has been told no share has the whole; the shares of nodes that do not see each other may add up to
 * more than the whole, at most to as many times the limit as there are nodes.
 */
export const rateLimiter = <K>(_: {
  readonly key: Layout<K>;
  readonly max: number;
  readonly scope: "node" | "service";
}): State<RateLimiter<K>> => compiledOnly("rateLimiter");

export interface BoundedTable<K, V> {
  /** The live value, or null. */
  get(key: K): V | null;
  set(key: K, value: V): boolean;
  delete(key: K): boolean;
}
/** At most `max` entries: the least recently used makes room. */
export const boundedTable = <const K extends Layout<any> | Shape, const V extends Layout<any> | Shape>(_: {
  readonly key: K;
  readonly of: V;
  readonly max: number;
}): State<BoundedTable<Viewed<K>, Viewed<V>>> => compiledOnly("boundedTable");

export interface Binding<K, V> {
  /** What was bound last, or null. */
  get(key: K): Readonly<V> | null;
  /** The same decision, which binds a value to a key when it is committed: `return state.homes.bind(flow.forward(), key, value)`. */
  bind(decision: Decision, key: K, value: V): Decision;
}
/**
 * Keyed state that decisions write, and `decide` reads: a decision binds, and the commit writes, together with the flow. At
 * most `max` keys: the least recently used makes room. A service has at most 32.
 */
export const binding = <const K extends Layout<any> | Shape, const V extends Layout<any> | Shape>(_: {
  readonly key: K;
  readonly of: V;
  readonly max: number;
}): State<Binding<Viewed<K>, Viewed<V>>> => compiledOnly("binding");

export interface Events<V> {
  /** Sends a record to user space; false, and counted as lost, when nobody keeps up. */
  send(event: V): boolean;
}
/** A stream of records: at most `buffer` bytes wait (256 KiB unless told). */
export const events = <const V extends Layout<any> | Shape>(_: {
  readonly of: V;
  readonly buffer?: number;
}): State<Events<Viewed<V>>> => compiledOnly("events");
