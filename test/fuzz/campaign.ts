/** A run of the fuzzer: seeds to programs and packets, batch by batch, failures gathered. */
import { packets, random } from "../kit/index.ts";
import { BatchCompiler, type Variant } from "./compile.ts";
import { generateUnit } from "./generate/program.ts";
import { attempt, type Case, type Failure } from "./trial.ts";
import type { Unit } from "./unit.ts";

export interface CampaignOptions {
  readonly programs: number;
  readonly seed: number;
  /** Number of the first program: the n-th of a seed is the same whichever run makes it. */
  readonly first?: number;
  /** Packets for each program; 12 unless told. */
  readonly packets?: number;
  /** A warm one; a new one unless told. */
  readonly compiler?: BatchCompiler;
  /** Toolchains to take in turn, batch by batch. */
  readonly variants?: readonly Variant[];
  readonly onFailure?: (failure: Failure, variant: Variant, given: Case) => Promise<void> | void;
  readonly onProgress?: (done: number) => void;
}

export interface Summary {
  readonly programs: number;
  readonly packets: number;
  /** Programs that the compiler refused. */
  readonly rejected: number;
  readonly mismatches: number;
  readonly loadFailures: number;
  readonly seed: number;
}

/** Programs that are compiled and loaded together. */
const BATCH = 20;
const PACKETS = 12;
/** The kernel's test run takes none shorter. */
const SHORTEST = 14;

export const USUAL: readonly Variant[] = [
  { cpu: "v3", llvm: null },
  { cpu: "v3", llvm: null },
  { cpu: "v2", llvm: null },
];
export const MATRIX: readonly Variant[] = ([null, 14, 16] as const).flatMap((llvm) =>
  (["v3", "v2"] as const).map((cpu) => ({ cpu, llvm })),
);

/** Neighbouring seeds and numbers give unrelated draws. */
const mixed = (seed: number, index: number): number =>
  Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);

export const variantOf = (index: number, variants: readonly Variant[]): Variant =>
  variants[Math.floor(index / BATCH) % variants.length] as Variant;

/** Programs by number that are compiled and loaded together, with what makes their object. */
export function* batches(
  first: number,
  programs: number,
  variants: readonly Variant[],
): Generator<{ readonly numbers: readonly number[]; readonly variant: Variant }> {
  for (let start = first; start < first + programs; start += BATCH - (start % BATCH)) {
    const end = Math.min(first + programs, start + BATCH - (start % BATCH));
    yield { numbers: Array.from({ length: end - start }, (_, i) => start + i), variant: variantOf(start, variants) };
  }
}

/** Program number `index` of a seed. */
export const unitOf = (seed: number, index: number, variant: Variant): Unit =>
  generateUnit(random(mixed(seed, index)), index, variant.cpu !== "v2");

/** The packets and map contents it is run with. */
export const caseOf = (seed: number, index: number, count: number = PACKETS): Case => ({
  packets: packets(mixed(seed, index), count, { shortest: SHORTEST }).map(({ bytes }) => bytes),
  seed: mixed(seed, index),
});

export async function campaign(options: CampaignOptions): Promise<Summary> {
  const { programs, seed, first = 0, variants = USUAL } = options;
  const compiler = options.compiler ?? new BatchCompiler();
  const count = { rejected: 0, mismatches: 0, loadFailures: 0, packets: 0 };
  for (const { numbers, variant } of batches(first, programs, variants)) {
    const units = new Map(numbers.map((index) => [unitOf(seed, index, variant), index]));
    const given = (unit: Unit): Case => caseOf(seed, units.get(unit) ?? 0, options.packets);
    const failures = await attempt(compiler, [...units.keys()], variant, given);
    for (const failure of failures) {
      if (failure.kind === "rejected") count.rejected++;
      else if (failure.kind === "load") count.loadFailures++;
      else count.mismatches++;
      await options.onFailure?.(failure, variant, given(failure.unit));
    }
    const failed = new Set(failures.filter(({ kind }) => kind !== "mismatch").map(({ unit }) => unit));
    count.packets += (units.size - failed.size) * (options.packets ?? PACKETS);
    options.onProgress?.((numbers.at(-1) ?? first) + 1 - first);
  }
  const { packets: run, ...counts } = count;
  return { programs, packets: run, ...counts, seed };
}
