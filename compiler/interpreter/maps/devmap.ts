/** Devmap and devmap hash: interfaces to redirect to, each with an optional program for its way out. */
import type { MapData } from "../../../sdk/maps/data.ts";
import { E2BIG, EEXIST, EINVAL, ENOENT } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { copyBytes, snapshot, viewOf } from "../kernel/memory.ts";
import { refuseExistence } from "./hash.ts";
import { BPF_ANY, BPF_EXIST, BPF_NOEXIST, indexKey, MapBase } from "./map.ts";
import { BROADCAST, EXCLUDE_INGRESS, redirectByMap } from "./redirect.ts";

/** Keys are u32 in both; they differ in what a key may be and in what an update refuses. */
export class DevMap extends MapBase {
  readonly #targets = new Map<number, DataView>();
  readonly #hashed: boolean;

  constructor(data: MapData, kernel: Kernel) {
    super(data, kernel);
    this.#hashed = data.kind === "devmapHash";
  }

  override find(key: DataView, at: number): DataView | null {
    return this.#targets.get(key.getUint32(at, true)) ?? null;
  }

  override redirect(key: number, flags: number): number {
    const value = this.#targets.get(key);
    const copy = value === undefined ? null : snapshot(value, 0, this.valueSize);
    return redirectByMap(this.kernel, {
      map: this.data.name,
      key,
      value: copy,
      flags,
      known: BROADCAST | EXCLUDE_INGRESS,
    });
  }

  override update(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): number {
    const index = this.keyView(key).getUint32(0, true);
    const view = this.valueView(value);
    const target = view.getUint32(0, true);
    const refusal = this.#hashed ? this.#refuseHashed(index, target, flags) : this.#refuseIndexed(index, flags);
    if (refusal !== 0) return refusal;
    if (target === 0) {
      this.#targets.delete(index);
      return 0;
    }
    if (!this.kernel.hasInterface(target)) return -EINVAL;
    const memory = new DataView(new ArrayBuffer(this.valueSize));
    copyBytes(memory, 0, view, 0, this.valueSize);
    this.#targets.set(index, memory);
    return 0;
  }

  #refuseIndexed(index: number, flags: number): number {
    if (flags > BPF_EXIST) return -EINVAL;
    if (index >= this.data.maxEntries) return -E2BIG;
    return flags === BPF_NOEXIST ? -EEXIST : 0;
  }

  #refuseHashed(index: number, target: number, flags: number): number {
    if (flags > BPF_EXIST || target === 0) return -EINVAL;
    const exists = this.#targets.has(index);
    if (exists) return flags === BPF_NOEXIST ? refuseExistence(true, flags) : 0;
    return this.#targets.size >= this.data.maxEntries ? -E2BIG : 0;
  }

  override delete(key: Uint8Array): number {
    const index = this.keyView(key).getUint32(0, true);
    if (!this.#hashed && index >= this.data.maxEntries) return -EINVAL;
    const had = this.#targets.delete(index);
    return had || !this.#hashed ? 0 : -ENOENT;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    return [...this.#targets].map(([key, value]) => [indexKey(key), snapshot(value, 0, this.valueSize)]);
  }

  /** Interfaces a broadcast reaches, for whoever delivers packets. */
  interfaces(): number[] {
    return [...this.#targets.values()].map((value) => viewOf(snapshot(value, 0, this.valueSize)).getUint32(0, true));
  }
}
