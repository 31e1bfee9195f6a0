/** Every example as every toolchain and instruction-set level makes it: what all supported kernels must take. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cpu } from "../../compiler/api.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import type { GuestObject } from "./guest.ts";

/** v4 came with LLVM 18: older ones ignore the word. */
const toolchains: readonly { readonly llvm: number; readonly cpus: readonly Cpu[] }[] = [
  { llvm: 14, cpus: ["v2", "v3"] },
  { llvm: 16, cpus: ["v2", "v3"] },
  { llvm: 19, cpus: ["v2", "v3", "v4"] },
];

export async function exampleObjects(): Promise<readonly GuestObject[]> {
  const { compile } = await import("../../compiler/index.ts");
  const objects: GuestObject[] = [];
  for (const example of readdirSync("examples").sort()) {
    const file = join("examples", example, "service.ts");
    if (!existsSync(file)) continue;
    for (const { llvm, cpus } of toolchains) {
      for (const cpu of cpus) {
        const result = await compile(file, { llvm, cpu });
        if (!result.ok) throw new ZetaError(result.problems);
        objects.push({ name: `${example}.llvm${llvm}.${cpu}.o`, bytes: result.code.object });
      }
    }
  }
  return objects;
}

export function objectsIn(folder: string): readonly GuestObject[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".o"));
  return names.sort().map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}
