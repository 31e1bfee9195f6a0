/** Maps of a loaded object as a test uses them. */

import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { LoadedObject } from "../../../runtime/loader/load.ts";
import { createMapNow } from "../../../runtime/loader/map-create.ts";
import type { MapHandle } from "../../../runtime/loader/map-handle.ts";
import { lookup, nextKey, peek, pop, push, remove, update } from "../../../runtime/loader/map-operations.ts";
import { type RingReader, readRing } from "../../../runtime/loader/ring-buffer.ts";
import { type RingWriter, writeRing } from "../../../runtime/loader/user-ring-buffer.ts";
import { word } from "../../../runtime/loader/word.ts";
import type { MapData } from "../../../sdk/maps/data.ts";
import { mapRefused } from "../problems.ts";
import type { RawMap } from "./map.ts";

/** What a test opened and must be closed with the program: ring mappings and inner maps. */
export interface Opened {
  readonly add: (one: { close(): void }) => void;
}

function* keysOf(map: MapHandle): Generator<Uint8Array> {
  for (let key = nextKey(map, null); key !== null; key = nextKey(map, key)) yield key;
}

export function kernelRawMap(map: MapHandle, data: MapData, loaded: LoadedObject, opened: Opened): RawMap {
  let reader: RingReader | null = null;
  let writer: RingWriter | null = null;
  const opening = <T extends { close(): void }>(one: T): T => {
    opened.add(one);
    return one;
  };
  return {
    cpus: map.copies,
    lookup: (key) => lookup(map, key),
    update: (key, value) => void update(map, key, value),
    delete: (key) => remove(map, key),
    *entries() {
      // The keys are listed first: a walk that reads as it goes may begin anew when a program deletes its place.
      for (const key of [...keysOf(map)]) {
        const value = lookup(map, key);
        if (value !== null) yield [key, value] as const;
      }
    },
    push: (value) => push(map, value),
    pop: () => pop(map),
    peek: () => peek(map),
    records() {
      reader ??= opening(readRing(map));
      return reader.take();
    },
    produce(record) {
      writer ??= opening(writeRing(map));
      return writer.submit(record);
    },
    insertProgram: (key, name) => void update(map, key, word(loaded.program(name).fd)),
    insertMap(key) {
      if (data.inner === null) throw new ZetaError([mapRefused(null, data.name, "hold another map", 22)]);
      const inner = opening(createMapNow(data.inner, map.inner));
      update(map, key, word(inner.fd));
      return kernelRawMap(inner, data.inner, loaded, opened);
    },
  };
}
