/** Generated programs as objects in a folder: what `npm run test:kernels -- FOLDER` has other kernels load. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { batches, unitOf } from "./campaign.ts";
import type { BatchCompiler, Variant } from "./compile.ts";

export interface ObjectsOptions {
  readonly compiler: BatchCompiler;
  readonly folder: string;
  readonly programs: number;
  readonly seed: number;
  readonly first: number;
  readonly variants: readonly Variant[];
}

/** Writes an object per batch, as "seed-first.v3.o". @returns how many programs they hold. */
export async function writeObjects(options: ObjectsOptions): Promise<number> {
  const { compiler, folder, seed, variants } = options;
  mkdirSync(folder, { recursive: true });
  let written = 0;
  for (const { numbers, variant } of batches(options.first, options.programs, variants)) {
    const units = numbers.map((index) => unitOf(seed, index, variant));
    const { batch } = await compiler.compile(units, variant);
    if (batch === null) continue;
    const name = `${seed}-${numbers[0]}.llvm${variant.llvm ?? "newest"}.${variant.cpu}.o`;
    writeFileSync(join(folder, name), batch.object);
    written += batch.units.length;
  }
  return written;
}
