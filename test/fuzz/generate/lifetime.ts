/** What must not outlive what: views of the packet die when it is moved, values found in a map when it is changed. */

/** Of one packet, or of the values of one map. */
export interface Resource {
  readonly name: string;
  current: Token;
}

/** Carried by everything that points into a resource. */
export interface Token {
  dead: boolean;
  hidden: number;
}

const token = (): Token => ({ dead: false, hidden: 0 });
export const resource = (name: string): Resource => ({ name, current: token() });
export const isAlive = (held: Token | null): boolean => held === null || (!held.dead && held.hidden === 0);

/** From here on nothing that was found in it before may be used. */
export function kill(of: Resource): void {
  of.current.dead = true;
  of.current = token();
}

/** While `body` is written, what was found before cannot be used: it may run after something that kills it. */
export function hiding(resources: readonly Resource[], body: () => void): void {
  const before = resources.map((one) => one.current);
  for (const [index, one] of resources.entries()) {
    (before[index] as Token).hidden++;
    one.current = token();
  }
  const inside = resources.map((one) => one.current);
  try {
    body();
  } finally {
    for (const [index, one] of resources.entries()) {
      const held = before[index] as Token;
      held.hidden--;
      // Untouched inside: what was found before is as good as ever.
      if (one.current === inside[index]) one.current = held;
      else held.dead = true;
    }
  }
}
