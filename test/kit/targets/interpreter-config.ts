/** The config of an interpreted service: the same bytes as in the kernel, in the interpreter's maps. */

import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { InterpretedMap, Machine } from "../../../compiler/interpreter/index.ts";
import { makeMap } from "../../../compiler/interpreter/maps/make.ts";
import type { ConfigStore, LiveConfig } from "../../../runtime/config/live.ts";
import { word } from "../../../runtime/loader/word.ts";
import { mapRefused, noSuchMap } from "../problems.ts";

/** What config is written by. zod is slow to import, and only services need it. */
export async function configParts() {
  const [{ openConfig }, { eachEntry }, { CONFIG_GLOBAL }] = await Promise.all([
    import("../../../runtime/config/live.ts"),
    import("../../../runtime/config/entries.ts"),
    import("../../../runtime/config/plan.ts"),
  ]);
  return { openConfig, eachEntry, CONFIG_GLOBAL };
}
export type ConfigParts = Awaited<ReturnType<typeof configParts>>;

/** The maps and the global of an interpreted service, as its config is written to them. */
function storeOf(machine: Machine, { eachEntry, CONFIG_GLOBAL }: ConfigParts): ConfigStore<InterpretedMap> {
  const mapNamed = (name: string): InterpretedMap => {
    const map = machine.maps[name];
    if (map === undefined) throw new ZetaError([noSuchMap(null, name, Object.keys(machine.maps))]);
    return map;
  };
  const must = (result: number, map: string, what: string): void => {
    if (result < 0) throw new ZetaError([mapRefused(null, map, what, -result)]);
  };
  return {
    make(outer, entries) {
      const shape = mapNamed(outer).data.inner;
      if (shape === null) throw new ZetaError([mapRefused(null, outer, "hold another map", 22)]);
      const inner = makeMap(shape, machine.kernel);
      for (const { key, value } of eachEntry(entries)) must(inner.update(key, value), outer, "store the value");
      return inner;
    },
    put: (outer, slot, inner) => must(mapNamed(outer).insert(word(slot), inner), outer, "take the map"),
    release() {},
    writeScalars: (offset, bytes) => machine.globals.get(CONFIG_GLOBAL).set(bytes, offset),
    switchTo(generation) {
      if (machine.globals.names.includes(CONFIG_GLOBAL)) machine.globals.get(CONFIG_GLOBAL).set(word(generation));
    },
    settle() {},
    write: (map, key, value) => must(mapNamed(map).update(key, value), map, "store the value"),
    remove: (map, key) => void mapNamed(map).delete(key),
  };
}

/** `over` wraps the store: what of the config belongs to the node goes there. */
export const interpretedConfig = (
  manifest: Manifest,
  machine: Machine,
  over: <Inner>(own: ConfigStore<Inner>) => ConfigStore<Inner>,
  parts: ConfigParts,
): LiveConfig => parts.openConfig(manifest, over(storeOf(machine, parts)));
