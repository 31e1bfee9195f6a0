/** What the objects of a node are loaded with, so that they agree about its flow tables: time, and how keys are spread. */
import { randomBytes } from "node:crypto";
import { tickRate } from "../loader/ticks.ts";

/** Of keys of five words of 64 bits: one more than their words of 32. */
const SEED_WORDS = 11;
const SPANS_PER_SECOND = 16;

/** By the names of the globals in bpf-lib/flow; the same for all objects that share a table. */
export interface FlowConstants {
  readonly zeta_ticks: { readonly perSecond: number; readonly shift: number };
  /** Random, and kept from everybody: who knows it can aim flows at one place of the table. */
  readonly zeta_seed: readonly bigint[];
}

/** A span is a power of two of ticks, nearest to a sixteenth of a second from above: 64 ms, 80 ms at 100 Hz. */
export const shiftOf = (perSecond: number): number => Math.ceil(Math.log2(perSecond / SPANS_PER_SECOND));

export async function flowConstants(): Promise<FlowConstants> {
  const perSecond = await tickRate();
  const bytes = randomBytes(SEED_WORDS * 8);
  return {
    zeta_ticks: { perSecond, shift: shiftOf(perSecond) },
    zeta_seed: Array.from({ length: SEED_WORDS }, (_, i) => bytes.readBigUInt64LE(i * 8)),
  };
}
