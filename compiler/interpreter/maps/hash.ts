/**
 * Hash and LRU hash. A value that an update replaces, or a deletion frees, stays readable through aliases a program
 * still holds, with content nobody promises; here as in the kernel its memory is taken again by later updates.
 */
import type { MapData } from "../../../sdk/maps/data.ts";
import { E2BIG, EEXIST, EINVAL, ENOENT } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KeyTable } from "./key-table.ts";
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, MapBase } from "./map.ts";
import { SecondChance } from "./second-chance.ts";

export class HashMap extends MapBase {
  readonly #table: KeyTable;
  readonly #values: DataView[] = [];
  /** Receives the next update of an existing key; the value it replaces becomes the spare one. */
  #spare: DataView;
  /** Chooses victims; null where a full map refuses new keys. */
  readonly #recency: SecondChance | null;

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#table = new KeyTable(this.keySize);
    this.#recency = data.kind === "lruHash" ? new SecondChance() : null;
    this.#spare = this.#fresh();
  }

  #fresh(): DataView {
    return new DataView(new ArrayBuffer(this.valueSize));
  }

  override find(key: DataView, at: number): DataView | null {
    const slot = this.#table.find(key, at);
    if (slot < 0) return null;
    this.#recency?.touch(slot);
    return this.#values[slot] as DataView;
  }

  override put(key: DataView, keyAt: number, value: DataView, valueAt: number, flags: number): number {
    if (this.refusesFlags(flags)) return -EINVAL;
    const slot = this.#table.find(key, keyAt);
    const refusal = refuseExistence(slot >= 0, flags);
    if (refusal !== 0) return refusal;
    if (slot >= 0) this.#replace(slot, value, valueAt, (flags & BPF_F_LOCK) !== 0);
    else if (!this.#makeRoom()) return -E2BIG;
    else this.#insert(key, keyAt, value, valueAt);
    return 0;
  }

  #replace(slot: number, value: DataView, valueAt: number, inPlace: boolean): void {
    const old = this.#values[slot] as DataView;
    const next = inPlace ? old : this.#spare;
    this.assign(next, value, valueAt);
    if (inPlace) return;
    this.#values[slot] = next;
    this.#spare = old;
  }

  #insert(key: DataView, keyAt: number, value: DataView, valueAt: number): void {
    const slot = this.#table.add(key, keyAt);
    this.#values[slot] ??= this.#fresh();
    this.assign(this.#values[slot], value, valueAt);
    this.#recency?.add(slot);
  }

  #makeRoom(): boolean {
    if (this.#table.count < this.data.maxEntries) return true;
    if (this.#recency === null) return false;
    this.#table.remove(this.#recency.evict(this.#table));
    return true;
  }

  override remove(key: DataView, at: number): number {
    const slot = this.#table.find(key, at);
    if (slot < 0) return -ENOENT;
    this.#table.remove(slot);
    return 0;
  }

  /** User space's look-ups leave recency alone. */
  override lookup(key: Uint8Array): Uint8Array | null {
    const slot = this.#table.find(this.keyView(key), 0);
    return slot < 0 ? null : this.visible(this.#values[slot] as DataView);
  }

  override entries(): [Uint8Array, Uint8Array][] {
    const all: [Uint8Array, Uint8Array][] = [];
    for (let slot = 0; slot < this.#table.slots; slot++) {
      if (this.#table.has(slot)) all.push([this.#table.key(slot), this.visible(this.#values[slot] as DataView)]);
    }
    return all;
  }
}

/** What "only new" and "only existing" refuse. */
export function refuseExistence(exists: boolean, flags: number): number {
  const wanted = flags & ~BPF_F_LOCK;
  if (exists && wanted === BPF_NOEXIST) return -EEXIST;
  return !exists && wanted === BPF_EXIST ? -ENOENT : 0;
}
