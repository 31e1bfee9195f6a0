/** Waiting for programs that are running now. */
import { MAP_TYPE, type MapData } from "../../sdk/maps/data.ts";
import { must } from "./errno.ts";
import { library } from "./library.ts";
import { createMapNow } from "./map-create.ts";
import { ownedMapHandle } from "./map-handle.ts";
import { update } from "./map-operations.ts";
import { options } from "./structs.ts";

const WORD = { kind: "scalar", type: "u32", size: 4, align: 4, order: "little" } as const;
const INNER: MapData = {
  name: "zeta_wait_one",
  kind: "array",
  key: WORD,
  value: WORD,
  maxEntries: 1,
  flags: 0,
  extra: 0,
  inner: null,
};
const OPTIONS_BYTES = 56;

/**
 * Returns when every run of a program that began before the call has ended. The kernel gives this to whoever updates a map
 * of maps (`maybe_wait_bpf_programs`), so that a replaced inner map is out of use; one is made for it here. Takes some
 * milliseconds. The library must be open.
 */
export function waitForPrograms(): void {
  using inner = createMapNow(INNER);
  const fields = options(OPTIONS_BYTES).u32(24, inner.fd);
  const fd = library().bpf.bpf_map_create(MAP_TYPE.arrayOfMaps, "zeta_wait", 4, 4, 1, fields.bytes);
  using outer = ownedMapHandle(must(fd, "create map 'zeta_wait'"));
  const value = Buffer.alloc(4);
  value.writeUInt32LE(inner.fd);
  update(outer, Buffer.alloc(4), value);
}
