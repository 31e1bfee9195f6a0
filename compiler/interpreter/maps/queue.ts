/** Queue and stack: values without keys, first-in first-out or last-in first-out. */
import { E2BIG, EINVAL, ENOENT } from "../kernel/errno.ts";
import { copyBytes, snapshot, viewOf, zeroBytes } from "../kernel/memory.ts";
import { BPF_ANY, BPF_EXIST, MapBase } from "./map.ts";

export class QueueMap extends MapBase {
  /** Oldest first, from `#first`; slots before it are spent. */
  #values: Uint8Array[] = [];
  #first = 0;

  get #count(): number {
    return this.#values.length - this.#first;
  }

  /** Flag BPF_EXIST makes room by forgetting the oldest. */
  override pushFrom(value: DataView, at: number, flags: number): number {
    if (flags !== BPF_ANY && flags !== BPF_EXIST) return -EINVAL;
    if (this.#count >= this.data.maxEntries) {
      if (flags !== BPF_EXIST) return -E2BIG;
      this.#takeOldest();
    }
    this.#values.push(snapshot(value, at, this.valueSize));
    return 0;
  }

  #takeOldest(): void {
    this.#first++;
    if (this.#first > 64 && this.#first * 2 > this.#values.length) {
      this.#values = this.#values.slice(this.#first);
      this.#first = 0;
    }
  }

  override popTo(value: DataView, at: number): number {
    const result = this.peekTo(value, at);
    if (result !== 0) return result;
    if (this.data.kind === "stack") this.#values.pop();
    else this.#takeOldest();
    return 0;
  }

  /** An empty queue clears the receiver. */
  override peekTo(value: DataView, at: number): number {
    if (this.#count === 0) {
      zeroBytes(value, at, this.valueSize);
      return -ENOENT;
    }
    const next = this.#values[this.data.kind === "stack" ? this.#values.length - 1 : this.#first] as Uint8Array;
    copyBytes(value, at, viewOf(next), 0, this.valueSize);
    return 0;
  }

  override push(value: Uint8Array, flags = BPF_ANY): number {
    return this.pushFrom(this.valueView(value), 0, flags);
  }

  override pop(): Uint8Array | null {
    const value = new Uint8Array(this.valueSize);
    return this.popTo(viewOf(value), 0) === 0 ? value : null;
  }

  override peek(): Uint8Array | null {
    const value = new Uint8Array(this.valueSize);
    return this.peekTo(viewOf(value), 0) === 0 ? value : null;
  }

  /** Values in the order pops would give them, with empty keys; the kernel cannot list them. */
  override entries(): [Uint8Array, Uint8Array][] {
    const oldestFirst = this.#values.slice(this.#first);
    const inOrder = this.data.kind === "stack" ? oldestFirst.reverse() : oldestFirst;
    return inOrder.map((value) => [new Uint8Array(0), value.slice()]);
  }
}
