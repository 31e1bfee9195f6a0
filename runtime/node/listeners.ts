/** Which addresses all services of a node listen at, by their keys: whether there is room for more is known before one is entered. */
export class Listeners {
  readonly #held = new Set<string>();
  /** How many there is room for. */
  readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  enter(key: string): void {
    this.#held.add(key);
  }

  leave(key: string): void {
    this.#held.delete(key);
  }

  /** Whether all of these could be there at once, beside those that are. */
  fits(keys: readonly string[]): boolean {
    return this.#held.size + keys.filter((key) => !this.#held.has(key)).length <= this.most;
  }
}
