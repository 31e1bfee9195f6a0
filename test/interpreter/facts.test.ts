import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emitObject } from "../../compiler/backend/index.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { createMachine } from "../../compiler/interpreter/index.ts";
import { load, testRun } from "../../runtime/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { lookup, update } from "../../runtime/loader/map-operations.ts";
import { ANSWERS, factsModule } from "./facts.ts";

const PACKET_BYTES = 60;
const NAMES = Object.keys(ANSWERS);
const answersOf = (name: string): readonly number[] => ANSWERS[name] as readonly number[];

const numbers = (entries: Iterable<readonly [Uint8Array, Uint8Array]>, count: number): number[] =>
  [...entries]
    .slice(0, count)
    .map(([, value]) => Number(new DataView(value.buffer, value.byteOffset).getBigInt64(0, true)));

describe("the interpreter answers what the kernel answered", () => {
  test.each(NAMES)("%s", (name) => {
    const machine = createMachine(factsModule(), { cpus: 2 });
    machine.maps.progArray?.insert(new Uint8Array(4), machine.programs.jumping as never);
    machine.run(name, new Uint8Array(PACKET_BYTES));
    const results = machine.maps.results?.entries() ?? [];
    expect(numbers(results, answersOf(name).length)).toEqual(answersOf(name));
  });
});

const missing = ["clang-19", "bpftool"].filter((tool) => {
  try {
    execFileSync("which", [tool], { stdio: "ignore" });
    return false;
  } catch {
    return true;
  }
});
const reason = process.getuid?.() !== 0 ? "not root" : missing.length > 0 ? `no ${missing.join(", ")}` : null;

describe.skipIf(reason !== null)(`the kernel still answers so${reason === null ? "" : ` (skipped: ${reason})`}`, () => {
  let folder = "";
  let bpffs = "";
  const bpftool = (...args: string[]) =>
    execFileSync("bpftool", ["-j", ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const results = () =>
    JSON.parse(bpftool("map", "dump", "pinned", join(bpffs, "maps", "results"))) as { formatted: { value: number } }[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "zeta-facts-"));
    const source = fileURLToPath(new URL("./fixtures/kernel-facts.c", import.meta.url));
    const includes = `-I/usr/include/${execFileSync("uname", ["-m"], { encoding: "utf8" }).trim()}-linux-gnu`;
    execFileSync("clang-19", ["-O2", "-g", "-target", "bpf", includes, "-c", source, "-o", join(folder, "facts.o")]);
    const mountPoint = join(folder, "bpf");
    mkdirSync(mountPoint);
    execFileSync("mount", ["-t", "bpf", "bpf", mountPoint]);
    bpffs = mountPoint;
    mkdirSync(join(bpffs, "maps"));
    bpftool("prog", "loadall", join(folder, "facts.o"), join(bpffs, "programs"), "pinmaps", join(bpffs, "maps"));
    const jumping = ["pinned", join(bpffs, "programs", "jumping")];
    bpftool("map", "update", "pinned", join(bpffs, "maps", "jumps"), "key", "0", "0", "0", "0", "value", ...jumping);
    writeFileSync(join(folder, "packet"), new Uint8Array(PACKET_BYTES));
  });

  afterAll(() => {
    if (bpffs !== "") execFileSync("umount", [bpffs]);
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  test.each(NAMES)("%s", (name) => {
    const zero = Array.from({ length: 8 }, () => "0");
    bpftool("map", "update", "pinned", join(bpffs, "maps", "results"), "key", "0", "0", "0", "0", "value", ...zero);
    bpftool("prog", "run", "pinned", join(bpffs, "programs", name), "data_in", join(folder, "packet"));
    expect(
      results()
        .slice(0, answersOf(name).length)
        .map(({ formatted }) => formatted.value),
    ).toEqual(answersOf(name));
  });
});

const lacking = process.platform === "linux" ? missingCapabilities().join(", ") : "Linux";

describe.skipIf(lacking !== "")(
  `our own object answers so${lacking === "" ? "" : ` (skipped: lacks ${lacking})`}`,
  () => {
    test("every program, in the kernel", async () => {
      const emitted = await emitObject(factsModule(), { irBuilder: "text" });
      if (!emitted.ok) throw new ZetaError(emitted.problems);
      using loaded = await load(emitted.code.object);
      const word = (value: number) => new Uint8Array(new Uint32Array([value]).buffer);
      update(loaded.map("progArray"), word(0), word(loaded.program("jumping").fd));
      const results = loaded.map("results");
      for (const name of NAMES) {
        update(results, word(0), new Uint8Array(8));
        testRun(loaded.program(name), { packet: new Uint8Array(PACKET_BYTES) });
        const entries = answersOf(name).map((_, i) => [word(i), lookup(results, word(i)) as Uint8Array] as const);
        expect({ name, answers: numbers(entries, entries.length) }).toEqual({ name, answers: answersOf(name) });
      }
    });
  },
);
