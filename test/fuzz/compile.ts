/** Units → one module and one object. What the compiler refuses is told by unit, and the rest goes on without it. */
import path from "node:path";
import type { Cpu } from "../../compiler/api.ts";
import { emitObject } from "../../compiler/backend/index.ts";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import { type Compiler, createCompiler } from "../../compiler/index.ts";
import type { Module } from "../../compiler/ir/ir.ts";
import { packageRoot } from "../../compiler/package-root.ts";
import { sourceOf, type Unit } from "./unit.ts";

/** What makes the objects. */
export interface Variant {
  readonly cpu: Cpu;
  /** LLVM's major version; the newest found when null. */
  readonly llvm: number | null;
}

export interface Batch {
  readonly units: readonly Unit[];
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

export class BatchCompiler {
  readonly #compiler: Compiler = createCompiler();

  async #lower(units: readonly Unit[]) {
    const files = new Map([[FILE, sourceOf(units).text]]);
    return await this.#compiler.lower(FILE, { files });
  }

  /** The checked IR of what the front end accepts. */
  async lower(units: readonly Unit[]): Promise<{ units: readonly Unit[]; module: Module | null; refused: Refused[] }> {
    const refused: Refused[] = [];
    let left = units;
    while (left.length > 0) {
      const result = await this.#lower(left);
      if (result.ok) return { units: left, module: result.module, refused };
      const guilty = byUnit(result.problems, left);
      // A problem without a place is nobody's in particular: each unit is asked by itself.
      if (guilty.size === left.length && left.length > 1) {
        const alone = await Promise.all(left.map((unit) => this.lower([unit])));
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
    const lowered = await this.lower(units);
    if (lowered.module === null) return { batch: null, refused: lowered.refused };
    const emitted = await emitObject(lowered.module, { cpu, ...(llvm === null ? {} : { llvm }) });
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
