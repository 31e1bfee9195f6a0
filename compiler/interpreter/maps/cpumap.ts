/** Cpumap: CPUs to hand packets to, each with the length of its queue. */
import { E2BIG, EEXIST, EINVAL, ENODEV, EOVERFLOW } from "../kernel/errno.ts";
import { copyBytes, snapshot } from "../kernel/memory.ts";
import { BPF_ANY, BPF_EXIST, BPF_NOEXIST, indexKey, MapBase } from "./map.ts";
import { redirectByMap } from "./redirect.ts";

const LONGEST_QUEUE = 16_384;

export class CpuMap extends MapBase {
  readonly #queues = new Map<number, DataView>();

  override find(key: DataView, at: number): DataView | null {
    return this.#queues.get(key.getUint32(at, true)) ?? null;
  }

  override redirect(key: number, flags: number): number {
    const value = this.#queues.get(key);
    const copy = value === undefined ? null : snapshot(value, 0, this.valueSize);
    return redirectByMap(this.kernel, { map: this.data.name, key, value: copy, flags, known: 0 });
  }

  override update(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): number {
    const cpu = this.keyView(key).getUint32(0, true);
    const view = this.valueView(value);
    const length = view.getUint32(0, true);
    if (flags > BPF_EXIST) return -EINVAL;
    if (cpu >= this.data.maxEntries) return -E2BIG;
    if (flags === BPF_NOEXIST) return -EEXIST;
    if (length > LONGEST_QUEUE) return -EOVERFLOW;
    if (cpu >= this.kernel.cpus) return -ENODEV;
    if (length === 0) {
      this.#queues.delete(cpu);
      return 0;
    }
    const memory = new DataView(new ArrayBuffer(this.valueSize));
    copyBytes(memory, 0, view, 0, this.valueSize);
    this.#queues.set(cpu, memory);
    return 0;
  }

  override delete(key: Uint8Array): number {
    const cpu = this.keyView(key).getUint32(0, true);
    if (cpu >= this.data.maxEntries) return -EINVAL;
    this.#queues.delete(cpu);
    return 0;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    return [...this.#queues].map(([key, value]) => [indexKey(key), snapshot(value, 0, this.valueSize)]);
  }
}
