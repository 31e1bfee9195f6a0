/** A fact about the machine that decides what Zeta can do on it. */

/** `missing`: what needs it cannot work. `limited`: something optional is not there. `unknown`: it could not be found out. */
export type FactState = "ok" | "missing" | "limited" | "unknown";

/** What the fact is needed for. */
export type Need = "zeta" | "build" | "run" | "lab";

export interface Fact {
  /** Stable, for scripts: "libbpf". */
  readonly id: string;
  readonly title: string;
  /** Facts of one family are shown as one line while all of them are well. */
  readonly family: string | null;
  readonly neededFor: Need;
  readonly state: FactState;
  /** What was found: a version, a path, a reason. */
  readonly found: string;
  /** What to do; null when there is nothing to do. */
  readonly remedy: string | null;
}

type Identity = Pick<Fact, "id" | "title" | "neededFor">;

export const present = (identity: Identity, found: string): Fact => ({
  ...identity,
  family: null,
  state: "ok",
  found,
  remedy: null,
});

export const absent = (identity: Identity, found: string, remedy: string, state: FactState = "missing"): Fact => ({
  ...identity,
  family: null,
  state,
  found,
  remedy,
});

export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]?.replace(/\.$/, "") ?? "unknown";
