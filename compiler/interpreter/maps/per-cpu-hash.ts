/** Per-CPU hash and per-CPU LRU hash: programs see the value of their CPU, user space those of all. */
import type { MapData } from "../../../sdk/maps/data.ts";
import { E2BIG, EINVAL, ENOENT } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { zeroBytes } from "../kernel/memory.ts";
import { joinCpus, splitCpus, stride } from "./cpus.ts";
import { refuseExistence } from "./hash.ts";
import { KeyTable } from "./key-table.ts";
import { MapBase } from "./map.ts";
import { SecondChance } from "./second-chance.ts";

export class PerCpuHashMap extends MapBase {
  readonly #table: KeyTable;
  /** Values of all CPUs by slot. */
  readonly #values: DataView[][] = [];
  readonly #recency: SecondChance | null;

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#table = new KeyTable(this.keySize);
    this.#recency = data.kind === "perCpuLruHash" ? new SecondChance() : null;
  }

  override get valueBytes(): number {
    return stride(this.valueSize) * this.kernel.cpus;
  }

  override find(key: DataView, at: number): DataView | null {
    const slot = this.#table.find(key, at);
    if (slot < 0) return null;
    this.#recency?.touch(slot);
    return (this.#values[slot] as DataView[])[this.kernel.cpu] as DataView;
  }

  /** Slot of the key, made when it is new and there is room; or a negative errno. */
  #slotFor(key: DataView, at: number, flags: number): number {
    if (this.refusesFlags(flags)) return -EINVAL;
    const slot = this.#table.find(key, at);
    const refusal = refuseExistence(slot >= 0, flags);
    if (refusal !== 0 || slot >= 0) return refusal === 0 ? slot : refusal;
    if (this.#table.count >= this.data.maxEntries) {
      if (this.#recency === null) return -E2BIG;
      this.#table.remove(this.#recency.evict(this.#table));
    }
    const made = this.#table.add(key, at);
    this.#recency?.add(made);
    this.#clear(made);
    return made;
  }

  /** A new key has zeros on every CPU but the one that made it. */
  #clear(slot: number): void {
    this.#values[slot] ??= Array.from(
      { length: this.kernel.cpus },
      () => new DataView(new ArrayBuffer(this.valueSize)),
    );
    for (const value of this.#values[slot]) zeroBytes(value, 0, this.valueSize);
  }

  override put(key: DataView, keyAt: number, value: DataView, valueAt: number, flags: number): number {
    const slot = this.#slotFor(key, keyAt, flags);
    if (slot < 0) return slot;
    this.assign((this.#values[slot] as DataView[])[this.kernel.cpu] as DataView, value, valueAt);
    return 0;
  }

  override remove(key: DataView, at: number): number {
    const slot = this.#table.find(key, at);
    if (slot < 0) return -ENOENT;
    this.#table.remove(slot);
    return 0;
  }

  #joined(slot: number): Uint8Array {
    return joinCpus(
      (this.#values[slot] as DataView[]).map((value) => this.visible(value)),
      this.valueSize,
    );
  }

  override lookup(key: Uint8Array): Uint8Array | null {
    const slot = this.#table.find(this.keyView(key), 0);
    return slot < 0 ? null : this.#joined(slot);
  }

  override update(key: Uint8Array, value: Uint8Array, flags = 0): number {
    const parts = splitCpus(this.valueView(value), this.valueSize, this.kernel.cpus);
    const slot = this.#slotFor(this.keyView(key), 0, flags);
    if (slot < 0) return slot;
    for (const [cpu, part] of parts.entries())
      this.assign((this.#values[slot] as DataView[])[cpu] as DataView, part, 0);
    return 0;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    const all: [Uint8Array, Uint8Array][] = [];
    for (let slot = 0; slot < this.#table.slots; slot++) {
      if (this.#table.has(slot)) all.push([this.#table.key(slot), this.#joined(slot)]);
    }
    return all;
  }
}
