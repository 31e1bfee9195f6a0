/** `simulate` of `zeta/testing`: histories of whole clusters in one process, with faults, and what became of the flow table's invariants. */
import { byModel, type Campaign, campaign, inWords, type Tally } from "./campaign.ts";
import type { Invariant } from "./checker.ts";

export interface SimulateOptions {
  /** How many, one after the other: at least 1. 100 unless told. */
  readonly histories?: number;
  /** An integer: the seed of the first one; the next has the next number. 1 unless told. The same seed is the same history. */
  readonly seed?: number;
  /**
   * What nodes are. `"programs"`: the data plane's own programs, interpreted, with real frames; they are compiled first, which takes the
   * package `typescript`. `"model"`: a model of the flow table's rules, without bytes, ten times as fast. The model unless told.
   */
  readonly nodes?: "model" | "programs";
  /** Called with the number of histories so far. */
  readonly onHistory?: (done: number) => void;
}

/** A history that breaks an invariant. */
export interface FailedHistory {
  readonly seed: number;
  readonly invariant: Invariant;
  /** What happens in it, made as short as it can be: a line each. */
  readonly history: readonly string[];
}

export interface SimulateResult extends Tally {
  readonly nodes: "model" | "programs";
  /** The first three. */
  readonly failed: readonly FailedHistory[];
}

const TOLD = 3;

/** How histories are played, and of what shape they are. */
export async function playedBy(nodes: "model" | "programs"): Promise<Pick<Campaign, "play" | "shape">> {
  if (nodes === "model") return { play: byModel() };
  const [{ programsOf }, { byPrograms }, { PROGRAMS }] = await Promise.all([
    import("./programs/compiled.ts"),
    import("./programs/play.ts"),
    import("./programs/shape.ts"),
  ]);
  return { play: byPrograms(await programsOf()), shape: PROGRAMS };
}

/**
 * Each history is a cluster of two chains and three forwarders with clients and servers, at least 5 000 packets, 200 flows and 5 to 30 faults: nodes that
 * crash, are cut off, are slow or go on with an old view; packets that are lost, doubled and late; clocks that drift.
 * @throws RangeError when `histories` is no count, or `seed` no integer; ZetaError when the programs do not compile.
 */
export async function simulate(options: SimulateOptions = {}): Promise<SimulateResult> {
  const { histories = 100, seed = 1, nodes = "model", onHistory } = options;
  if (!Number.isInteger(histories) || histories < 1) throw new RangeError("histories is a count, from 1 on.");
  if (!Number.isSafeInteger(seed)) throw new RangeError("seed is an integer.");
  const by = await playedBy(nodes);
  const { failures, ...summary } = campaign({ histories, seed, onHistory, ...by });
  const failed = failures.slice(0, TOLD).flatMap((failure) => {
    const { violation } = failure.outcome;
    return violation === null
      ? []
      : [{ seed: failure.seed, invariant: violation.invariant, history: inWords(failure, by.play) }];
  });
  return { ...summary, nodes, failed };
}
