/**
 * What all supported kernels must take: every example and the programs of nodes, whatever their part in a cluster, as every toolchain and instruction-set
 * level makes them, and the programs that once failed to load.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cpu } from "../../compiler/api.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { PROGRAMS_OF } from "../../runtime/node/bundle.ts";
import type { GuestObject } from "./guest.ts";

interface Toolchain {
  readonly llvm: number;
  readonly cpus: readonly Cpu[];
}

/** v4 came with LLVM 18: older ones ignore the word. */
const toolchains: readonly Toolchain[] = [
  { llvm: 14, cpus: ["v2", "v3"] },
  { llvm: 16, cpus: ["v2", "v3"] },
  { llvm: 19, cpus: ["v2", "v3", "v4"] },
];
/** The node's flow tables need the atomics that came with v3. */
const nodeToolchains = toolchains.map(({ llvm, cpus }) => ({ llvm, cpus: cpus.filter((cpu) => cpu !== "v2") }));
const newest = toolchains.slice(-1);
const REGRESSIONS = "test/fuzz/regressions";

function* sources(): Generator<{ name: string; file: string; by: readonly Toolchain[] }> {
  for (const example of readdirSync("examples").sort()) {
    const file = join("examples", example, "service.ts");
    if (existsSync(file)) yield { name: example, file, by: toolchains };
  }
  for (const [role, { source }] of Object.entries(PROGRAMS_OF))
    yield { name: role === "single" ? "node" : `${role}-node`, file: source, by: nodeToolchains };
  for (const file of readdirSync(REGRESSIONS).sort()) {
    const refused = /^.*Refused: ZT/.test(readFileSync(join(REGRESSIONS, file), "utf8"));
    if (!refused) yield { name: file.replace(/\.ts$/, ""), file: join(REGRESSIONS, file), by: newest };
  }
}

export async function ownObjects(): Promise<readonly GuestObject[]> {
  const { createCompiler } = await import("../../compiler/index.ts");
  const compiler = createCompiler();
  const objects: GuestObject[] = [];
  for (const { name, file, by } of sources()) {
    for (const { llvm, cpus } of by) {
      for (const cpu of cpus) {
        const result = await compiler.compile(file, { llvm, cpu });
        if (!result.ok) throw new ZetaError(result.problems);
        objects.push({ name: `${name}.llvm${llvm}.${cpu}.o`, bytes: result.code.object });
      }
    }
  }
  return objects;
}

export function objectsIn(folder: string): readonly GuestObject[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".o"));
  return names.sort().map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}
