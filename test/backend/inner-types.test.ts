/** Maps inside maps say of what types their keys and values are: to the kernel, and by it to bpftool. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type LoadedObject, load, type MapHandle, typedMap } from "../../runtime/index.ts";
import { mapInformation } from "../../runtime/loader/information.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { emitted } from "./emit.ts";
import { modules } from "./modules/index.ts";

const { module } = modules.kinds();

const bpftool = <T>(...args: string[]): T => JSON.parse(execFileSync("bpftool", ["-j", ...args], { encoding: "utf8" }));

/** A new table for a map of maps, as a service's config makes them. */
function tableOf(loaded: LoadedObject, name: string) {
  const outer = typedMap(loaded.map(name), module.maps.find((map) => map.name === name) as MapData);
  if (outer.kind !== "arrayOfMaps" && outer.kind !== "hashOfMaps") throw new Error(`'${name}' is a ${outer.kind}`);
  return outer.create();
}

interface BtfDump {
  readonly types: readonly { readonly id: number; readonly kind: string; readonly name: string }[];
}

/** The kernel's own names of a map's key and value. */
function typesOf({ fd }: MapHandle): readonly (string | undefined)[] {
  const { btfId, btfKeyType, btfValueType } = mapInformation(fd);
  const { types } = bpftool<BtfDump>("btf", "dump", "id", String(btfId));
  return [btfKeyType, btfValueType].map((type) => types.find(({ id }) => id === type)?.name);
}

describe.each([14, 16, 19])("made by LLVM %i", (llvm) => {
  test.each([
    ["arrays", "unsigned int", "unsigned long long"],
    ["hashes", "unsigned int", "unsigned long long"],
    ["tries", "one_trie_key", "one_trie_value"],
  ])("%s", async (name, key, value) => {
    using loaded = await load((await emitted(module, { llvm })).object);
    using table = tableOf(loaded, name).handle;
    expect(typesOf(table)).toEqual([key, value]);
  });
});

test("bpftool shows the content as what it is", async () => {
  using loaded = await load((await emitted(module, {})).object);
  const table = tableOf(loaded, "hashes");
  using handle = table.handle;
  (table as unknown as { set(key: number, value: bigint): boolean }).set(7, 2n ** 40n);
  const [entry] = bpftool<{ formatted: unknown }[]>("map", "dump", "id", String(handle.id));
  expect(entry?.formatted).toEqual({ key: 7, value: 2 ** 40 });
});
