/** Array and hash of maps. The maps in it are made beforehand and have the shape that was declared. */
import { sameLayout } from "../../../sdk/layout/data.ts";
import type { MapData } from "../../../sdk/maps/data.ts";
import { E2BIG, EINVAL, ENOENT } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KeyTable } from "./key-table.ts";
import { type InterpretedMap, MapBase, type ProgramReference } from "./map.ts";
import { identifier } from "./members.ts";

/** bpf_map_meta_equal: user space may differ from the declaration in size only where look-ups check it anyway. */
export function fitsShape(shape: MapData | null, map: MapData): boolean {
  if (shape === null) return false;
  const same =
    shape.kind === map.kind &&
    shape.flags === map.flags &&
    sameLayout(shape.key, map.key) &&
    sameLayout(shape.value, map.value);
  return same && (map.kind !== "array" || shape.maxEntries === map.maxEntries);
}

abstract class MapOfMaps extends MapBase {
  abstract override inner(key: DataView, at: number): MapBase | null;
  protected abstract place(key: DataView, map: MapBase): number;

  override insert(key: Uint8Array, member: ProgramReference | InterpretedMap): number {
    const view = this.keyView(key);
    if (!(member instanceof MapBase) || !fitsShape(this.data.inner, member.data)) return -EINVAL;
    return this.place(view, member);
  }

  override lookup(key: Uint8Array): Uint8Array | null {
    const map = this.inner(this.keyView(key), 0);
    return map === null ? null : identifier(map);
  }

  /** Members are inserted; a number means nothing here. */
  override update(): number {
    return -EINVAL;
  }
}

export class ArrayOfMaps extends MapOfMaps {
  readonly #maps: (MapBase | undefined)[] = [];

  override inner(key: DataView, at: number): MapBase | null {
    const index = key.getUint32(at, true);
    return index < this.data.maxEntries ? (this.#maps[index] ?? null) : null;
  }

  protected override place(key: DataView, map: MapBase): number {
    const index = key.getUint32(0, true);
    if (index >= this.data.maxEntries) return -E2BIG;
    this.#maps[index] = map;
    return 0;
  }

  override delete(key: Uint8Array): number {
    const index = this.keyView(key).getUint32(0, true);
    if (index >= this.data.maxEntries) return -E2BIG;
    if (this.#maps[index] === undefined) return -ENOENT;
    this.#maps[index] = undefined;
    return 0;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    return this.#maps.flatMap((map, index) => {
      if (map === undefined) return [];
      const key = new Uint8Array(new Uint32Array([index]).buffer);
      return [[key, identifier(map)]];
    });
  }
}

export class HashOfMaps extends MapOfMaps {
  readonly #table: KeyTable;
  readonly #maps: (MapBase | undefined)[] = [];

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#table = new KeyTable(this.keySize);
  }

  override inner(key: DataView, at: number): MapBase | null {
    const slot = this.#table.find(key, at);
    return slot < 0 ? null : (this.#maps[slot] ?? null);
  }

  protected override place(key: DataView, map: MapBase): number {
    const found = this.#table.find(key, 0);
    if (found < 0 && this.#table.count >= this.data.maxEntries) return -E2BIG;
    this.#maps[found < 0 ? this.#table.add(key, 0) : found] = map;
    return 0;
  }

  override delete(key: Uint8Array): number {
    const slot = this.#table.find(this.keyView(key), 0);
    if (slot < 0) return -ENOENT;
    this.#table.remove(slot);
    return 0;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    const all: [Uint8Array, Uint8Array][] = [];
    for (let slot = 0; slot < this.#table.slots; slot++) {
      if (this.#table.has(slot)) all.push([this.#table.key(slot), identifier(this.#maps[slot] as MapBase)]);
    }
    return all;
  }
}
