/** Units → one module and one object. What the compiler refuses is told by unit, and the rest goes on without it. */
import path from "node:path";
import type { Cpu } from "../../compiler/api.ts";
import { emitObject } from "../../compiler/backend/index.ts";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import { lowerFile } from "../../compiler/frontend/index.ts";
import { SourceCache } from "../../compiler/frontend/program.ts";
import type { Module } from "../../compiler/ir/ir.ts";
import { packageRoot } from "../../compiler/package-root.ts";
import { improve } from "../../compiler/passes/index.ts";
import { sourceOf, type Unit } from "./unit.ts";

/** What makes the objects. */
export interface Variant {
  readonly cpu: Cpu;
  /** LLVM's major version; the newest found when null. */
  readonly llvm: number | null;
}

export interface Batch {
  readonly units: readonly Unit[];
  /** As the front end wrote it, before any pass: what the programs mean. */
  readonly module: Module;
  readonly object: Uint8Array;
}

export interface Refused {
  readonly unit: Unit;
  readonly problems: readonly Problem[];
  /** The line that the first problem points to. */
  readonly line: string;
}

export interface Compiled {
  /** Null when nothing was left. */
  readonly batch: Batch | null;
  readonly refused: readonly Refused[];
}

/** Where the texts pretend to lie: nothing is written there. Inside the package, so that `zeta/bpf` is found. */
const FILE = path.join(packageRoot(), ".zeta", "fuzz", "generated.ts");

/** Groups problems by the unit on whose lines they stand; without a place they are everybody's. */
function byUnit(problems: readonly Problem[], units: readonly Unit[]): Map<Unit, Problem[]> {
  const { unitAt } = sourceOf(units);
  const found = new Map<Unit, Problem[]>();
  for (const problem of problems.filter(({ severity }) => severity === "error")) {
    const unit = problem.at === null || problem.at.file !== path.basename(FILE) ? undefined : unitAt(problem.at.line);
    for (const one of unit === undefined ? units : [unit]) found.set(one, [...(found.get(one) ?? []), problem]);
  }
  return found;
}

/** Refusals of units compiled together. */
function refusals(guilty: ReadonlyMap<Unit, readonly Problem[]>, units: readonly Unit[]): Refused[] {
  const lines = sourceOf(units).text.split("\n");
  return [...guilty].map(([unit, problems]) => ({
    unit,
    problems,
    line: lines[(problems[0]?.at?.line ?? 0) - 1]?.trim() ?? "",
  }));
}

/** Keeps what it has parsed from one batch to the next. */
export class BatchCompiler {
  readonly #cache = new SourceCache();

  /** The checked IR of what the front end accepts. */
  lower(units: readonly Unit[]): { units: readonly Unit[]; module: Module | null; refused: Refused[] } {
    const refused: Refused[] = [];
    let left = units;
    while (left.length > 0) {
      const result = lowerFile(FILE, { cache: this.#cache, files: new Map([[FILE, sourceOf(left).text]]) });
      if (result.ok) return { units: left, module: result.module, refused };
      const guilty = byUnit(result.problems, left);
      // A problem without a place is nobody's in particular: each unit is asked by itself.
      if (guilty.size === left.length && left.length > 1) {
        const alone = left.map((unit) => this.lower([unit]));
        refused.push(...alone.flatMap((one) => one.refused));
        left = alone.flatMap((one) => (one.module === null ? [] : one.units));
        continue;
      }
      refused.push(...refusals(guilty, left));
      left = left.filter((unit) => !guilty.has(unit));
    }
    return { units: [], module: null, refused };
  }

  async compile(units: readonly Unit[], { cpu, llvm }: Variant): Promise<Compiled> {
    const lowered = this.lower(units);
    if (lowered.module === null) return { batch: null, refused: lowered.refused };
    const emitted = await emitObject(improve(lowered.module), { cpu, ...(llvm === null ? {} : { llvm }) });
    if (emitted.ok) {
      const batch = { units: lowered.units, module: lowered.module, object: emitted.code.object };
      return { batch, refused: lowered.refused };
    }
    const guilty = byUnit(emitted.problems, lowered.units);
    const refused = [...lowered.refused];
    if (lowered.units.length === 1 || guilty.size < lowered.units.length) {
      refused.push(...refusals(guilty, lowered.units));
      const rest = await this.compile(
        lowered.units.filter((unit) => !guilty.has(unit)),
        { cpu, llvm },
      );
      return { batch: rest.batch, refused: [...refused, ...rest.refused] };
    }
    // Nobody's line in particular: halves tell.
    const middle = Math.ceil(lowered.units.length / 2);
    const halves = [lowered.units.slice(0, middle), lowered.units.slice(middle)];
    const sound: Unit[] = [];
    for (const half of halves) {
      const part = await this.compile(half, { cpu, llvm });
      refused.push(...part.refused);
      sound.push(...(part.batch?.units ?? []));
    }
    if (sound.length === lowered.units.length)
      throw new Error(`Each half of a batch compiles, the whole does not: ${emitted.problems[0]?.message}`);
    const rest = await this.compile(sound, { cpu, llvm });
    return { batch: rest.batch, refused: [...refused, ...rest.refused] };
  }
}
