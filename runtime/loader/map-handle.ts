/** A handle on a kernel map, by file descriptor, with the shape that the kernel reports for it. */
import { closeSync } from "node:fs";
import { MAP_TYPE, type MapKind } from "../../sdk/maps/data.ts";
import { must } from "./errno.ts";
import { mapInformation } from "./information.ts";
import { library, openLibrary } from "./library.ts";

export interface MapHandle {
  readonly fd: number;
  readonly id: number;
  readonly name: string;
  /** Null for a map type that Zeta does not know by name. */
  readonly kind: MapKind | null;
  readonly type: number;
  readonly keySize: number;
  /** Bytes of one value; a per-CPU map holds one per possible CPU. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** Values per key: the number of possible CPUs for per-CPU kinds, otherwise 1. */
  readonly copies: number;
  /** Types of inner maps, of a map of maps that a loaded object declares: what maps made for it carry. */
  readonly inner: TypeIds | null;
  /** Closes the descriptor. The map itself lives on while a program, a pin or another descriptor holds it. */
  close(): void;
  [Symbol.dispose](): void;
}

/** BTF of a map's key and value, by descriptor and type numbers. */
export interface TypeIds {
  readonly btf: number;
  readonly key: number;
  readonly value: number;
}

const KIND_OF: ReadonlyMap<number, MapKind> = new Map(
  Object.entries(MAP_TYPE).map(([kind, type]) => [type, kind as MapKind]),
);

const PER_CPU: ReadonlySet<number> = new Set([MAP_TYPE.perCpuHash, MAP_TYPE.perCpuArray, MAP_TYPE.perCpuLruHash]);

/** Possible CPUs of this machine: how many values a per-CPU map keeps for each key. */
export const possibleCpus = (): number => must(library().bpf.libbpf_num_possible_cpus(), "count the CPUs");

/** Wraps a descriptor. `owned` says whether closing the handle closes it; a loaded object's descriptors are the object's. */
export function mapHandle(fd: number, owned: boolean, name?: string, inner: TypeIds | null = null): MapHandle {
  const info = mapInformation(fd);
  let open = owned;
  const close = (): void => {
    if (open) closeSync(fd);
    open = false;
  };
  return {
    fd,
    id: info.id,
    name: name ?? info.name,
    kind: KIND_OF.get(info.type) ?? null,
    type: info.type,
    keySize: info.keySize,
    valueSize: info.valueSize,
    maxEntries: info.maxEntries,
    flags: info.flags,
    copies: PER_CPU.has(info.type) ? possibleCpus() : 1,
    inner,
    close,
    [Symbol.dispose]: close,
  };
}

/** Takes over a descriptor that was just made: closes it when the kernel will not describe it. */
export function ownedMapHandle(fd: number, name?: string): MapHandle {
  try {
    return mapHandle(fd, true, name);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens a pinned map. @throws ZT4017 when nothing is pinned there, ZT4002 when it may not be opened. */
export async function openPinnedMap(path: string): Promise<MapHandle> {
  const { bpf } = await openLibrary();
  return ownedMapHandle(must(bpf.bpf_obj_get(path), `open the map pinned at ${path}`));
}

/** Opens a map by its number. Needs CAP_SYS_ADMIN. */
export async function openMapById(id: number): Promise<MapHandle> {
  const { bpf } = await openLibrary();
  return ownedMapHandle(must(bpf.bpf_map_get_fd_by_id(id), `open map ${id}`, { needed: ["CAP_SYS_ADMIN"] }));
}
