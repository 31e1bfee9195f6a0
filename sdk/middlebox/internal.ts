/** What bpf-lib needs from the compiler to run a service; not for authors. */
import type { Cursor } from "../bpf/frame.ts";
import type { address, Layout, u16, u32, u64 } from "../layout/layouts.ts";
import type { Completion, Decision, Verdict } from "./verdict.ts";

/** How a verdict or decision looks from the inside: one shape for all, so that their fields merge. */
export interface Outcome {
  readonly kind: u32;
  /** Index in the service's list of drop reasons. */
  readonly reason: u32;
  /** Bits of `Change` in bpf-lib/flow/entry.ts. */
  readonly change: u32;
  readonly source: address;
  readonly sourcePort: u16;
  readonly destination: address;
  readonly destinationPort: u16;
  /** Where it is delivered, and in which network. */
  readonly place: address;
  readonly vni: u32;
  /** Which of the service's pools gives the source, or tells who the destination is: with `Change.SourcePool`, `Change.DestinationPool`. */
  readonly sourcePool: u32;
  readonly destinationPool: u32;
  /** Which bindings the commit writes: bit n stands for the service's nth. */
  readonly binds: u32;
  /**
   * Of a decision that waits (`Change.Pending`): what its middlebox keeps in mind, and what the SYN that it sends offers: the
   * MSS, and in bit 16 selective acknowledgements.
   */
  readonly note: u32;
  readonly offer: u32;
  /** Of a flow that waits no more: what is added to sequence numbers on the way to the client. */
  readonly shift: u32;
}
/** `Answer`: the packet is turned already. `Route`: to `place` in `vni`; with `Change.Deliver` as old as it was. `Complete` and `Wait` are what `complete` hooks say. */
export const OutcomeKind = { Pass: 0, Drop: 1, Reject: 2, Answer: 3, Route: 4, Complete: 5, Wait: 6 } as const;

export const inside = (outcome: Verdict | Decision | Completion): Outcome => outcome as unknown as Outcome;
export const asDecision = (outcome: Outcome): Decision => outcome as unknown as Decision;
export const asVerdict = (outcome: Outcome): Verdict => outcome as unknown as Verdict;

/** Runs its body although a hook must be pure: what it writes is seen by nobody before the decision is committed, or by nobody at all. */
export const untilCommit = (_body: () => void): void => {
  throw new TypeError("untilCommit runs only in a compiled program");
};

/** A number that authors see as one of these words. */
export const choice = <const W extends string>(_words: readonly W[], _index: u32): W => {
  throw new TypeError("choice runs only in a compiled program");
};

/** Refuses, when compiled, a decision that waits in a middlebox which no hook of completes it. */
export const needsComplete = (): void => {
  throw new TypeError("needsComplete runs only in a compiled program");
};

/** Refuses, when compiled, an edit that a hook may not make. */
export const refuseKeyEdit = (_field: string): never => {
  throw new TypeError("refuseKeyEdit runs only in a compiled program");
};

/** Opens a middlebox's config and state for one packet: the object its hooks take as their second argument. */
export const openOwn = (_box: unknown, _slot: u32): unknown => {
  throw new TypeError("openOwn runs only in a compiled program");
};

/** The number of the config that serves, as the service's own data has it: for the program that finds its service without the node's help. */
export const servingGeneration = (): u32 => {
  throw new TypeError("servingGeneration runs only in a compiled program");
};

/** The cursor, through which nothing is written: what it passes over is summed up in a checksum that would not follow. */
export const forReading = <C extends Cursor | null>(_cursor: C): C => {
  throw new TypeError("forReading runs only in a compiled program");
};

/** The bytes of a view through another layout, which is no longer. */
export const seenAs = <V>(_view: object, _layout: Layout<V>): V => {
  throw new TypeError("seenAs runs only in a compiled program");
};

/** The index of a reason for dropping that the service itself has. */
export const serviceReason = (_name: string): u32 => {
  throw new TypeError("serviceReason runs only in a compiled program");
};

/** Values one behind the other, each of its own width and least significant byte first: in words, and what is left with the length. */
export const messageWords = (
  _values: readonly (number | bigint | boolean)[],
): { readonly words: readonly u64[]; readonly last: u64 } => {
  throw new TypeError("messageWords runs only in a compiled program");
};

/** Whether what an end is rewritten to is a pool: known while compiling. */
export const isPool = (_to: object): boolean => {
  throw new TypeError("isPool runs only in a compiled program");
};

/** Notes that some decision delivers, so that the service's program can. */
export const noteDelivery = (): void => {
  throw new TypeError("noteDelivery runs only in a compiled program");
};

/** Whether any decision of the service delivers: known once all hooks are compiled. */
export const delivers = (): boolean => {
  throw new TypeError("delivers runs only in a compiled program");
};
