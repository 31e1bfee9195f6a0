/** Maps that no object declares: inner maps of maps of maps, and maps that several objects share. */
import { MAP_TYPE, type MapData } from "../../sdk/maps/data.ts";
import { must } from "./errno.ts";
import { library, openLibrary } from "./library.ts";
import { type MapHandle, ownedMapHandle, type TypeIds } from "./map-handle.ts";
import { options } from "./structs.ts";

const OPTIONS_BYTES = 56;

/** `types` gives the map the BTF that a declared one has: values with a spin lock need it. The library must be open. */
export function createMapNow(data: MapData, types: TypeIds | null = null): MapHandle {
  const fields = options(OPTIONS_BYTES).u32(28, data.flags).u64(32, data.extra);
  if (types !== null) fields.u32(8, types.btf).u32(12, types.key).u32(16, types.value);
  const fd = library().bpf.bpf_map_create(
    MAP_TYPE[data.kind],
    data.name,
    data.key?.size ?? 0,
    data.value?.size ?? 0,
    data.maxEntries,
    fields.bytes,
  );
  return ownedMapHandle(must(fd, `create map '${data.name}'`), data.name);
}

/** Creates a map from its description. Maps of maps come with an object. @throws ZT4002, ZT4006, ZT4013, ZT4017. */
export async function createMap(data: MapData): Promise<MapHandle> {
  await openLibrary();
  return createMapNow(data);
}
