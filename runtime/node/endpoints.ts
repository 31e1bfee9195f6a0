/** Which slot of the hops an endpoint has, by its key. A slot is written anew when its endpoint moves. */
import { FIRST_ENDPOINT } from "./shapes.ts";

export class EndpointSlots {
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  /** How many endpoints there is room for. */
  readonly most: number;

  constructor(hops: number) {
    this.most = hops - FIRST_ENDPOINT;
  }

  /** The slot of a key, taken for it if it has none; null when all are taken. */
  take(key: string): number | null {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? FIRST_ENDPOINT + this.#slots.size;
    if (slot >= FIRST_ENDPOINT + this.most) return null;
    this.#slots.set(key, slot);
    return slot;
  }

  /** Whether all of these keys could have slots at once. */
  fits(keys: Iterable<string>): boolean {
    let wanted = 0;
    for (const key of keys) if (!this.#slots.has(key)) wanted += 1;
    return this.#slots.size + wanted <= this.most;
  }

  /** Gives the slot of a key back; null when it has none. */
  release(key: string): number | null {
    const slot = this.#slots.get(key);
    if (slot === undefined) return null;
    this.#slots.delete(key);
    this.#free.push(slot);
    return slot;
  }
}
