/** Which slot of the hops an endpoint has, by its key. A slot is written anew when its endpoint moves. */
import { FIRST_ENDPOINT } from "./shapes.ts";

interface Held {
  readonly slot: number;
  /** Indices of the services that know it: it goes with the last of them. */
  readonly holders: Set<number>;
}

export class EndpointSlots {
  readonly #held = new Map<string, Held>();
  readonly #free: number[] = [];
  /** How many endpoints there is room for. */
  readonly most: number;

  constructor(hops: number) {
    this.most = hops - FIRST_ENDPOINT;
  }

  /** The slot of a key, taken for it if it has none; null when all are taken. */
  take(key: string, holder: number): number | null {
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.holders.add(holder);
      return known.slot;
    }
    const slot = this.#free.pop() ?? FIRST_ENDPOINT + this.#held.size;
    if (slot >= FIRST_ENDPOINT + this.most) return null;
    this.#held.set(key, { slot, holders: new Set([holder]) });
    return slot;
  }

  /** Whether all of these keys could have slots at once, when the holder has given others back. */
  fits(keys: Iterable<string>, givenBack: Iterable<string> = [], holder = -1): boolean {
    let wanted = 0;
    for (const key of keys) if (!this.#held.has(key)) wanted += 1;
    for (const key of givenBack) {
      const holders = this.#held.get(key)?.holders;
      if (holders?.size === 1 && holders.has(holder)) wanted -= 1;
    }
    return this.#held.size + wanted <= this.most;
  }

  /** The slot that becomes free; null when the key has none, or others hold it too. */
  release(key: string, holder: number): number | null {
    const held = this.#held.get(key);
    if (held === undefined || !held.holders.delete(holder) || held.holders.size > 0) return null;
    this.#held.delete(key);
    this.#free.push(held.slot);
    return held.slot;
  }
}
