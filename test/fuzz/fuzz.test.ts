import { expect, test } from "vitest";
import { kernel } from "../kit/index.ts";
import { campaign, USUAL, unitOf } from "./campaign.ts";
import { BatchCompiler } from "./compile.ts";
import type { Failure } from "./trial.ts";

const compiler = new BatchCompiler();
const PROGRAMS = 100;
/** The usual run tries the same programs every time; another seed may be given, to try others. */
const seeds = [1, Number(process.env.ZETA_FUZZ_SEED ?? 2)];

test.for(seeds)("seed %i: random programs load, and mean the same in the kernel", async (seed, context) => {
  const missing = await kernel.missing();
  if (missing !== null) return context.skip(`the kernel's side needs ${missing}`);
  const told: string[] = [];
  const onFailure = ({ kind, unit, reason }: Failure): void => void told.push(`${kind} of ${unit.name}: ${reason}`);
  const summary = await campaign({ compiler, programs: PROGRAMS, seed, onFailure });
  expect(told).toEqual([]);
  expect(summary).toMatchObject({ programs: PROGRAMS, rejected: 0, mismatches: 0, loadFailures: 0, seed });
});

test("the same seed makes the same programs", () => {
  const [variant] = USUAL;
  if (variant === undefined) throw new Error("there is a usual variant");
  expect(unitOf(7, 3, variant)).toEqual(unitOf(7, 3, variant));
  expect(unitOf(7, 3, variant).text).not.toBe(unitOf(7, 4, variant).text);
});
