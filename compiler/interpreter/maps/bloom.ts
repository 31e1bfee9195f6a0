/**
 * Bloom filter. Membership is exact here, while the kernel's filter also says yes to some values that were never
 * pushed: programs may rely on "no" only.
 */
import type { MapData } from "../../../sdk/maps/data.ts";
import { EINVAL, ENOENT } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KeyTable } from "./key-table.ts";
import { BPF_ANY, MapBase } from "./map.ts";

export class BloomMap extends MapBase {
  readonly #table: KeyTable;

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#table = new KeyTable(this.valueSize);
  }

  override pushFrom(value: DataView, at: number, flags: number): number {
    if (flags !== BPF_ANY) return -EINVAL;
    if (this.#table.find(value, at) < 0) this.#table.add(value, at);
    return 0;
  }

  /** Asks whether the value is in. */
  override peekTo(value: DataView, at: number): number {
    return this.#table.find(value, at) < 0 ? -ENOENT : 0;
  }

  override push(value: Uint8Array, flags = BPF_ANY): number {
    return this.pushFrom(this.valueView(value), 0, flags);
  }

  /** Pushed values, with empty keys; the kernel cannot list them. */
  override entries(): [Uint8Array, Uint8Array][] {
    return Array.from({ length: this.#table.slots }, (_, slot) => [new Uint8Array(0), this.#table.key(slot)]);
  }
}
