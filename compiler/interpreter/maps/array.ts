/** Array and per-CPU array: every index below `maxEntries` has a value, zero at first, that never moves. */
import type { MapData } from "../../../sdk/maps/data.ts";
import { E2BIG, EEXIST, EINVAL } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { joinCpus, splitCpus, stride } from "./cpus.ts";
import { BPF_NOEXIST, indexKey, MapBase } from "./map.ts";

/** Values are made in blocks when first touched, so that a huge array costs only what is used of it: 64 of them, or a page. */
const MOST_BITS = 6;
const PAGE = 4096;

class Values {
  readonly #size: number;
  readonly #bits: number;
  readonly #blocks: DataView[][] = [];

  constructor(size: number) {
    this.#size = size;
    this.#bits = Math.min(MOST_BITS, Math.max(0, Math.floor(Math.log2(PAGE / Math.max(1, size)))));
  }

  at(index: number): DataView {
    const number = index >>> this.#bits;
    const block = this.#blocks[number] ?? this.#make(number);
    return block[index - (number << this.#bits)] as DataView;
  }

  #make(block: number): DataView[] {
    const values = 1 << this.#bits;
    const bytes = new ArrayBuffer(values * this.#size);
    const views = Array.from({ length: values }, (_, i) => new DataView(bytes, i * this.#size, this.#size));
    this.#blocks[block] = views;
    return views;
  }
}

export class ArrayMap extends MapBase {
  readonly #values: Values;

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#values = new Values(this.valueSize);
  }

  override find(key: DataView, at: number): DataView | null {
    const index = key.getUint32(at, true);
    return index < this.data.maxEntries ? this.#values.at(index) : null;
  }

  override put(key: DataView, keyAt: number, value: DataView, valueAt: number, flags: number): number {
    const index = key.getUint32(keyAt, true);
    const refusal = refuseUpdate(index, this.data.maxEntries, flags, this.refusesFlags(flags));
    if (refusal === 0) this.assign(this.#values.at(index), value, valueAt);
    return refusal;
  }

  override remove(): number {
    return -EINVAL;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    return Array.from({ length: this.data.maxEntries }, (_, i) => [indexKey(i), this.visible(this.#values.at(i))]);
  }
}

export class PerCpuArrayMap extends MapBase {
  readonly #values: readonly Values[];

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#values = Array.from({ length: kernel.cpus }, () => new Values(this.valueSize));
  }

  override get valueBytes(): number {
    return stride(this.valueSize) * this.kernel.cpus;
  }

  override find(key: DataView, at: number): DataView | null {
    const index = key.getUint32(at, true);
    return index < this.data.maxEntries ? (this.#values[this.kernel.cpu] as Values).at(index) : null;
  }

  override put(key: DataView, keyAt: number, value: DataView, valueAt: number, flags: number): number {
    const index = key.getUint32(keyAt, true);
    const refusal = refuseUpdate(index, this.data.maxEntries, flags, this.refusesFlags(flags));
    if (refusal === 0) this.assign((this.#values[this.kernel.cpu] as Values).at(index), value, valueAt);
    return refusal;
  }

  override remove(): number {
    return -EINVAL;
  }

  #joined(index: number): Uint8Array {
    return joinCpus(
      this.#values.map((values) => this.visible(values.at(index))),
      this.valueSize,
    );
  }

  override lookup(key: Uint8Array): Uint8Array | null {
    const index = this.keyView(key).getUint32(0, true);
    return index < this.data.maxEntries ? this.#joined(index) : null;
  }

  override update(key: Uint8Array, value: Uint8Array, flags = 0): number {
    const index = this.keyView(key).getUint32(0, true);
    const parts = splitCpus(this.valueView(value), this.valueSize, this.kernel.cpus);
    const refusal = refuseUpdate(index, this.data.maxEntries, flags, this.refusesFlags(flags));
    if (refusal === 0)
      for (const [cpu, part] of parts.entries()) this.assign((this.#values[cpu] as Values).at(index), part, 0);
    return refusal;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    return Array.from({ length: this.data.maxEntries }, (_, i) => [indexKey(i), this.#joined(i)]);
  }
}

/** The kernel looks at the flags' validity, then at the index, then at what cannot be: an index is never new. */
function refuseUpdate(index: number, entries: number, flags: number, badFlags: boolean): number {
  if (badFlags) return -EINVAL;
  if (index >= entries) return -E2BIG;
  return (flags & BPF_NOEXIST) !== 0 ? -EEXIST : 0;
}
