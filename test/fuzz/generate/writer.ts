/** The state of writing one unit: its text so far, what can be named, what may be done here, and what is left to spend. */
import type { Random } from "../../kit/random.ts";
import { hiding, isAlive, type Resource, resource, type Token } from "./lifetime.ts";
import type { DeclaredMap } from "./maps.ts";
import type { Scalar } from "./scalars.ts";
import { type Callable, Scope, type Variable, type View } from "./scope.ts";

/** What may stand at a place. */
export interface Rights {
  /** Kill views: adjust the packet, change maps that hold aliases. */
  readonly kill: boolean;
  /** End the program: `return done(...)`. Not in functions, nor in callbacks of the kernel's. */
  readonly finish: boolean;
  /** The packet may be touched at all: not in subprograms. */
  readonly packet: boolean;
  /** Nested functions and callbacks may be declared and called. */
  readonly nest: boolean;
  /** Labels of the loops around, innermost last; a null label can only be left by its innermost. */
  readonly loops: readonly { readonly label: string | null }[];
}

/** Stack bytes that local structs may take: what is left serves keys, values and LLVM's spills. */
const LOCAL_BYTES = 96;

export class Writer {
  readonly draw: Random;
  readonly suffix: string;
  readonly #lines: string[] = [];
  #indent = 0;
  #names = 0;
  scope = new Scope(null);
  rights: Rights = { kill: true, finish: true, packet: true, nest: true, loops: [] };
  readonly packet: Resource = resource("packet");
  /** What is a program's own as soon as it is there, as an item taken from a queue. */
  readonly taken: Resource = resource("taken");
  /** A u32 that nothing is known of while compiling. */
  opaque = "";
  maps: readonly DeclaredMap[] = [];
  /** Whether atomics that eBPF's v2 lacks may be used, and whether they are. */
  readonly allowsV3: boolean;
  needsV3 = false;
  /** Statements still to be written in this program. */
  budget = 0;
  /** How often the place being written runs, at most. */
  runs = 1;
  localBytes = LOCAL_BYTES;
  /** Tokens that the function being written has touched. */
  #held: Set<Token>[] = [];

  constructor(draw: Random, index: number, allowsV3: boolean) {
    this.draw = draw;
    this.allowsV3 = allowsV3;
    this.suffix = `_${index}`;
  }

  get text(): string {
    return this.#lines.join("\n");
  }

  get resources(): readonly Resource[] {
    return [this.packet, this.taken, ...this.maps.map(({ values }) => values)];
  }

  /** A name of the unit's top level. */
  global(stem: string): string {
    return `${stem}${this.#names++}${this.suffix}`;
  }
  /** A name inside a function. */
  local(stem: string): string {
    return `${stem}_${this.#names++}`;
  }

  line(text: string): void {
    this.#lines.push(`${"  ".repeat(this.#indent)}${text}`);
  }

  /** `open { ... } close`, with a scope of its own. */
  braces(open: string, body: () => void, close = "}"): void {
    this.line(open);
    this.#indent++;
    const { scope } = this;
    this.scope = new Scope(scope);
    try {
      body();
    } finally {
      this.scope = scope;
      this.#indent--;
    }
    this.line(close);
  }

  withRights(change: Partial<Rights>, body: () => void): void {
    const { rights } = this;
    this.rights = { ...rights, ...change };
    try {
      body();
    } finally {
      this.rights = rights;
    }
  }

  /** Writes a body that the kernel calls: views of the packet do not reach into it. */
  hidingPacket(body: () => void): void {
    hiding([this.packet], body);
  }

  /** Writes a body that runs up to `times` as often as what is around it. */
  repeated(times: number, body: () => void): void {
    this.runs *= times;
    try {
      body();
    } finally {
      this.runs /= times;
    }
  }

  /** Gives what the body points into: the tokens it has used that were there before it. */
  holding(body: () => void): Token[] {
    const held = new Set<Token>();
    this.#held.push(held);
    try {
      body();
    } finally {
      this.#held.pop();
    }
    return [...held];
  }
  #use(tokens: readonly (Token | null)[]): void {
    for (const set of this.#held) for (const token of tokens) if (token !== null) set.add(token);
  }

  // ---- what can be named here

  variables(fits: (variable: Variable) => boolean): Variable[] {
    return this.scope.all("variable").filter(fits);
  }
  views(fits: (view: View) => boolean = () => true): View[] {
    return this.scope.all("view").filter((view) => isAlive(view.token) && fits(view));
  }
  functions(fits: (fn: Callable) => boolean): Callable[] {
    return this.scope.all("function").filter((fn) => fn.holds.every(isAlive) && fits(fn));
  }
  cursors() {
    return this.scope.all("cursor").filter((cursor) => isAlive(cursor.token));
  }
  use(view: { readonly token: Token | null }): void {
    this.#use([view.token]);
  }
  called(fn: Callable): void {
    this.#use(fn.holds);
  }

  // ---- new names

  addVariable(text: string, type: Scalar, assignable: boolean, high: bigint | null = null): void {
    this.scope.add({ kind: "variable", text, type, assignable, high });
  }
  addView(text: string, layout: View["layout"], of: Resource | null, place: View["place"], writable = true): void {
    this.scope.add({ kind: "view", text, layout, writable, token: of?.current ?? null, place });
  }
}
