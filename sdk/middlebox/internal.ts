/** What bpf-lib needs from the compiler to run a service; not for authors. */
import type { Layout } from "../layout/layouts.ts";
import type { address, u16, u32 } from "../layout/types.ts";
import type { Decision, Verdict } from "./verdict.ts";

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
}
export const OutcomeKind = { Pass: 0, Drop: 1, Reject: 2 } as const;

export const inside = (outcome: Verdict | Decision): Outcome => outcome as unknown as Outcome;
export const asDecision = (outcome: Outcome): Decision => outcome as unknown as Decision;

/** A number that authors see as one of these words. */
export const choice = <const W extends string>(_words: readonly W[], _index: u32): W => {
  throw new TypeError("choice runs only in a compiled program");
};

/** Refuses, when compiled, an edit that a hook may not make. */
export const refuseKeyEdit = (_field: string): never => {
  throw new TypeError("refuseKeyEdit runs only in a compiled program");
};

/** Opens a middlebox's config and state for one packet: the object its hooks take as their second argument. */
export const openOwn = (_box: unknown, _slot: u32): unknown => {
  throw new TypeError("openOwn runs only in a compiled program");
};

/** The number of the config that serves now. Its lowest bit is the slot that holds it. */
export const configGeneration = (): u32 => {
  throw new TypeError("configGeneration runs only in a compiled program");
};

/** The bytes of a view through another layout, which is no longer. */
export const seenAs = <V>(_view: object, _layout: Layout<V>): V => {
  throw new TypeError("seenAs runs only in a compiled program");
};

/** The index of a reason for dropping that the service itself has. */
export const serviceReason = (_name: string): u32 => {
  throw new TypeError("serviceReason runs only in a compiled program");
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
