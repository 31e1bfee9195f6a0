/** Maps without keys: queues, stacks and bloom filters. */
import type { MapHandle } from "../loader/map-handle.ts";
import { mayContain, peek, pop, push } from "../loader/map-operations.ts";
import type { Codec } from "./codec.ts";

/** First in, first out for a queue; last in, first out for a stack. */
export interface QueueMap<V> {
  readonly handle: MapHandle;
  /** False when it is full; `replaceOldest` makes room instead. */
  push(value: V, options?: { readonly replaceOldest?: boolean }): boolean;
  /** Takes the next value, or null. */
  pop(): V | null;
  /** The next value, left there, or null. */
  peek(): V | null;
}

export interface BloomMap<V> {
  readonly handle: MapHandle;
  add(value: V): void;
  /** False: certainly never added. True: probably added. */
  has(value: V): boolean;
}

const decoded = <V>(codec: Codec<V>, bytes: Uint8Array | null): V | null =>
  bytes === null ? null : codec.decode(bytes);

export const queueOver = <V>(handle: MapHandle, value: Codec<V>): QueueMap<V> => ({
  handle,
  push: (content, options) => push(handle, value.encode(content), options?.replaceOldest),
  pop: () => decoded(value, pop(handle)),
  peek: () => decoded(value, peek(handle)),
});

export const bloomOver = <V>(handle: MapHandle, value: Codec<V>): BloomMap<V> => ({
  handle,
  add(content) {
    push(handle, value.encode(content));
  },
  has: (content) => mayContain(handle, value.encode(content)),
});
