/** The config of a service in the kernel. */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { waitForPrograms } from "../loader/grace.ts";
import type { LoadedObject } from "../loader/load.ts";
import { updatePacked } from "../loader/map-batches.ts";
import { createMapNow } from "../loader/map-create.ts";
import { memoryOf } from "../loader/map-footprint.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { remove, update } from "../loader/map-operations.ts";
import { word } from "../loader/word.ts";
import type { ConfigStore } from "./live.ts";
import { CONFIG_GLOBAL } from "./plan.ts";

export function kernelStore(manifest: Manifest, object: LoadedObject): ConfigStore<MapHandle> {
  const hasGlobal = manifest.globals.some(({ name }) => name === CONFIG_GLOBAL);
  return {
    make(outer, entries) {
      const shape = manifest.maps.find((map) => map.name === outer)?.inner;
      if (shape == null) throw new TypeError(`The manifest does not say what the inner maps of '${outer}' are.`);
      const inner = createMapNow(shape, object.map(outer).inner);
      try {
        updatePacked(inner, entries);
        return inner;
      } catch (error) {
        inner.close();
        throw error;
      }
    },
    put: (outer, slot, inner) => void update(object.map(outer), word(slot), word(inner.fd)),
    release: (inner) => inner.close(),
    memoryOf,
    writeScalars: (offset, bytes) => object.globals.writeBytes(CONFIG_GLOBAL, offset, bytes),
    // Most packets learn it from the node, which finds their service.
    switchTo(generation) {
      if (hasGlobal) object.globals.storeWord(CONFIG_GLOBAL, 0, generation);
    },
    settle: waitForPrograms,
    write: (map, key, value) => void update(object.map(map), key, value),
    remove: (map, key) => void remove(object.map(map), key),
  };
}
