/** Map definitions as libbpf reads them: a variable in `.maps` whose BTF type, not its content, says what the map is. */
import { MAP_TYPE, type MapData, type MapKind } from "../../../sdk/maps/data.ts";
import type { Node } from "./metadata.ts";
import type { DebugTypes } from "./types.ts";

/** How a map tells libbpf of its keys and values: by type, by size where the kernel takes no types, or not at all. */
const DESCRIBED: Readonly<Record<MapKind, "types" | "sizes" | "valueSize" | "nothing">> = {
  hash: "types",
  lruHash: "types",
  array: "types",
  perCpuHash: "types",
  perCpuLruHash: "types",
  perCpuArray: "types",
  lpm: "types",
  arrayOfMaps: "sizes",
  hashOfMaps: "sizes",
  progArray: "sizes",
  devmap: "sizes",
  devmapHash: "sizes",
  cpumap: "sizes",
  queue: "valueSize",
  stack: "valueSize",
  bloom: "valueSize",
  ringBuffer: "nothing",
  userRingBuffer: "nothing",
};

/** Attributes in the order in which they stand in the definition: name and type. */
function attributes(map: MapData, types: DebugTypes): readonly (readonly [string, Node])[] {
  // libbpf reads a number from the length of an array of int behind a pointer.
  const number = (value: number): Node => types.pointer(types.array(types.basic("int"), value, 4));
  const out: [string, Node][] = [
    ["type", number(MAP_TYPE[map.kind])],
    ["max_entries", number(map.maxEntries)],
  ];
  const described = DESCRIBED[map.kind];
  if (described === "types") {
    if (map.key !== null) out.push(["key", types.pointer(types.layout(map.key, `${map.name}_key`))]);
    if (map.value !== null) out.push(["value", types.pointer(types.layout(map.value, `${map.name}_value`))]);
  } else {
    if (described === "sizes") out.push(["key_size", number(map.key?.size ?? 4)]);
    if (described !== "nothing") out.push(["value_size", number(map.value?.size ?? 4)]);
  }
  if (map.flags !== 0) out.push(["map_flags", number(map.flags)]);
  if (map.kind === "bloom" && map.extra !== 0) out.push(["map_extra", number(map.extra)]);
  return out;
}

/** The definition's debug type and its size in words of eight bytes. */
export function mapType(map: MapData, types: DebugTypes): { readonly type: Node; readonly words: number } {
  const members = attributes(map, types).map(([name, type], index) => ({
    name,
    type,
    offset: index * 8,
    bytes: 8,
  }));
  const bytes = members.length * 8;
  if (map.inner !== null) {
    const inner = types.pointer(mapType(map.inner, types).type);
    members.push({ name: "values", type: types.openArray(inner), offset: bytes, bytes: 0 });
  }
  return { type: types.struct("", bytes, members), words: bytes / 8 };
}
