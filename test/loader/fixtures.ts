/** Objects to load, compiled from small C programs by an ordinary clang: the loader is tested apart from our compiler. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LoadedProgram, testRun } from "../../runtime/index.ts";

const compiled = new Map<string, Uint8Array>();

/** The object of `fixtures/NAME.c`, compiled once per test process. `defines` are -D options: "WIDE=1". */
export function fixture(name: string, defines: readonly string[] = [], cpu = "v3"): Uint8Array {
  const key = [name, cpu, ...defines].join(" ");
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const source = fileURLToPath(new URL(`./fixtures/${name}.c`, import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "zeta-fixture-"));
  try {
    const object = join(folder, `${name}.o`);
    const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    const options = ["-O2", "-g", "-target", "bpf", `-mcpu=${cpu}`, include, ...defines.map((define) => `-D${define}`)];
    execFileSync("clang-19", [...options, "-c", source, "-o", object]);
    const bytes = readFileSync(object);
    compiled.set(key, bytes);
    return bytes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A UDP frame over IPv4 of `length` bytes: enough for programs that look at nothing in particular. */
export function frame(length = 64): Uint8Array {
  const bytes = Buffer.alloc(length);
  Buffer.from("02000000000102000000000208004500", "hex").copy(bytes);
  return bytes;
}

/** Runs a program exactly `times` times: repeats of the kernel's own may be begun again. */
export function runTimes(program: LoadedProgram, times: number): void {
  for (let run = 0; run < times; run++) testRun(program, { packet: frame() });
}
