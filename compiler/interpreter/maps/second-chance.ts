/**
 * Chooses what a full LRU map forgets: a clock that spares once what was used since it last came by. The kernel's
 * choice is an approximation too, over per-CPU lists; which key goes is specified by neither.
 */
import type { KeyTable } from "./key-table.ts";

export class SecondChance {
  readonly #used: number[] = [];
  #hand = 0;

  add(slot: number): void {
    this.#used[slot] = 0;
  }

  touch(slot: number): void {
    this.#used[slot] = 1;
  }

  /** A present slot that was not used lately; the table is not empty. */
  evict(table: KeyTable): number {
    for (;;) {
      this.#hand = this.#hand >= table.slots ? 0 : this.#hand;
      const slot = this.#hand++;
      if (!table.has(slot)) continue;
      if (this.#used[slot] === 1) this.#used[slot] = 0;
      else return slot;
    }
  }
}
