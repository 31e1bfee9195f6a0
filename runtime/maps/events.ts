/** Event streams: what programs put into a ring buffer, as an async iterator of values. */

import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { Layout } from "../../sdk/layout/layouts.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { type RingReader, readRing } from "../loader/ring-buffer.ts";

export interface EventOptions {
  /**
   * How many records programs could not reserve because the buffer was full: the kernel does not count them, so a
   * program does, in a map of its own. `lost` of the stream adds it up.
   */
  readonly lost?: () => bigint;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
}

/** Leaving the loop (break, return, throw) closes the stream. It has one consumer. */
export interface EventStream<T> extends AsyncIterableIterator<T> {
  /** Records taken so far. */
  readonly received: bigint;
  /** Records that never arrived: lost for want of room, or shorter than the layout. */
  lost(): bigint;
  /** Bytes that wait in the kernel. */
  backlog(): number;
  close(): void;
  return(): Promise<IteratorReturnResult<undefined>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `layout` as data (from a manifest) or as the SDK's value, from which the type of the events follows. */
export function events<T = unknown>(
  map: MapHandle,
  layout: Layout<T> | LayoutData,
  options: EventOptions = {},
): EventStream<T> {
  const data: LayoutData = "layout" in layout ? layout.layout : layout;
  return streamOver(readRing(map), data, options);
}

function streamOver<T>(ring: RingReader, layout: LayoutData, options: EventOptions): EventStream<T> {
  let queue: Uint8Array[] = [];
  let next = 0;
  let received = 0n;
  let unreadable = 0n;
  let open = true;
  let lostAtClose = 0n;
  const lost = (): bigint => (open ? (options.lost?.() ?? 0n) : lostAtClose) + unreadable;

  const close = (): void => {
    if (!open) return;
    lostAtClose = options.lost?.() ?? 0n;
    open = false;
    options.signal?.removeEventListener("abort", close);
    ring.close();
  };
  options.signal?.addEventListener("abort", close, { once: true });
  if (options.signal?.aborted) close();

  /** The next record that the layout can read, or null when the stream has ended. */
  const record = async (): Promise<Uint8Array | null> => {
    for (;;) {
      for (; next < queue.length; next++) {
        const bytes = queue[next] as Uint8Array;
        if (bytes.length >= layout.size) {
          next += 1;
          return bytes;
        }
        unreadable += 1n;
      }
      if (!open) return null;
      queue = ring.take();
      next = 0;
      if (queue.length === 0) await ring.ready();
    }
  };

  const step = async (): Promise<IteratorResult<T, undefined>> => {
    const bytes = await record();
    if (bytes === null) return { done: true, value: undefined };
    received += 1n;
    return { done: false, value: decode(layout, bytes) as T };
  };
  let last: Promise<unknown> = Promise.resolve();

  const stream: EventStream<T> = {
    get received() {
      return received;
    },
    lost,
    backlog: () => ring.backlog(),
    close,
    next() {
      // One after another, as generators do: two readers of a ring would wake each other's.
      const result = last.then(step);
      last = result;
      return result;
    },
    async return() {
      close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => close(),
  };
  return stream;
}
