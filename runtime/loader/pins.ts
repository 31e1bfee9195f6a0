/** Pinned maps: a map found at its path is shared when its layout is the very same, and refused otherwise. */
import { closeSync, existsSync, statfsSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type Btf, describeType, readBtf } from "./btf.ts";
import { must } from "./errno.ts";
import { kernelBtf, mapInformation } from "./information.ts";
import { library } from "./library.ts";
import type { OpenMap, OpenObject } from "./object.ts";
import { failure, noBpffs, pinnedLayoutDiffers } from "./problems.ts";

const BPF_FS_MAGIC = 0xcafe4a11;

/** True when `path` lies on a BPF file system. */
export function onBpffs(path: string): boolean {
  try {
    return statfsSync(path).type >>> 0 === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/** @throws ZT4014 unless the path can name a pin: in a folder on a BPF file system, without a dot in its last part. */
export function requireBpffs(path: string): void {
  if (!onBpffs(dirname(path))) throw failure(noBpffs(null, dirname(path), "it is not on a BPF file system"));
  if (basename(path).includes("."))
    throw failure(noBpffs(null, dirname(path), `the kernel allows no dot in a pin's name ('${basename(path)}')`));
}

interface Shape {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** Descriptions of key and value; null where no BTF is known. */
  readonly key: string | null;
  readonly value: string | null;
}

const typeText = (btf: Btf | null, id: number): string | null =>
  btf === null || id === 0 ? null : describeType(btf, id);

function shapeOfPinned(fd: number): Shape {
  const info = mapInformation(fd);
  const btf = kernelBtf(info.btfId);
  return { ...info, key: typeText(btf, info.btfKeyType), value: typeText(btf, info.btfValueType) };
}

function shapeOfDeclared(map: OpenMap, btf: Btf | null): Shape {
  const { bpf } = library();
  return {
    type: bpf.bpf_map__type(map.pointer),
    keySize: bpf.bpf_map__key_size(map.pointer),
    valueSize: bpf.bpf_map__value_size(map.pointer),
    maxEntries: bpf.bpf_map__max_entries(map.pointer),
    flags: bpf.bpf_map__map_flags(map.pointer),
    key: typeText(btf, bpf.bpf_map__btf_key_type_id(map.pointer)),
    value: typeText(btf, bpf.bpf_map__btf_value_type_id(map.pointer)),
  };
}

/** Sizes and BTF where both sides have it: a side without BTF cannot contradict. */
function sameShape(a: Shape, b: Shape): boolean {
  const agree = (one: string | null, other: string | null): boolean => one === null || other === null || one === other;
  return (
    a.type === b.type &&
    a.keySize === b.keySize &&
    a.valueSize === b.valueSize &&
    a.maxEntries === b.maxEntries &&
    a.flags === b.flags &&
    agree(a.key, b.key) &&
    agree(a.value, b.value)
  );
}

const shapeText = (shape: Shape): string =>
  `type ${shape.type}, key ${shape.key ?? `${shape.keySize} bytes`}, value ${shape.value ?? `${shape.valueSize} bytes`}, ${shape.maxEntries} entries, flags ${shape.flags}`;

/** Uses an existing map in place of a declared one. @throws ZT4009 with both layouts when they differ. */
export function shareMap(object: OpenObject, map: OpenMap, fd: number, where: string): void {
  const declared = shapeOfDeclared(map, readBtf(object.elf.sections.get(".BTF")?.bytes ?? new Uint8Array(0)));
  const existing = shapeOfPinned(fd);
  if (!sameShape(existing, declared)) {
    throw failure(pinnedLayoutDiffers(null, map.name, where, shapeText(existing), shapeText(declared)));
  }
  must(library().bpf.bpf_map__reuse_fd(map.pointer, fd), `share map '${map.name}'`);
}

/** Shares what is pinned at `path`, if anything. Returns whether it did. */
export function sharePinned(object: OpenObject, map: OpenMap, path: string): boolean {
  requireBpffs(path);
  if (!existsSync(path)) return false;
  const fd = must(library().bpf.bpf_obj_get(path), `open the map pinned at ${path}`);
  try {
    shareMap(object, map, fd, path);
  } finally {
    closeSync(fd);
  }
  return true;
}

/** Pins descriptors at paths: all of them, or none. */
export function pinAll(pins: readonly { readonly fd: number; readonly path: string; readonly what: string }[]): void {
  const made: string[] = [];
  try {
    for (const { fd, path, what } of pins) {
      requireBpffs(path);
      must(library().bpf.bpf_obj_pin(fd, path), `pin ${what} at ${path}`);
      made.push(path);
    }
  } catch (error) {
    for (const path of made) unlinkSync(path);
    throw error;
  }
}
