/** Hand-written C, compiled as its author would. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cpu } from "../../compiler/index.ts";

export const CLANG = "clang-19";

const compiled = new Map<string, Uint8Array>();

/** `bench/rivals/NAME.c` as an object: clang 19, -O2 -g, for the same instruction set as ours. */
export function compileRival(name: string, cpu: Cpu = "v3"): Uint8Array {
  const key = `${name} ${cpu}`;
  const object = compiled.get(key) ?? compile(name, cpu);
  compiled.set(key, object);
  return object;
}

function compile(name: string, cpu: Cpu): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "zeta-rival-"));
  try {
    const object = join(folder, "rival.o");
    const source = fileURLToPath(new URL(`../rivals/${name}.c`, import.meta.url));
    const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    execFileSync(CLANG, ["-O2", "-g", "-target", "bpf", `-mcpu=${cpu}`, include, "-c", source, "-o", object]);
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
