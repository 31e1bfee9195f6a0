import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Module } from "../../compiler/ir/ir.ts";
import { readElf } from "../../runtime/loader/elf.ts";
import { readLines } from "../../runtime/loader/lines.ts";
import { emitted } from "./emit.ts";
import { modules } from "./modules/index.ts";

const BUILDERS = ["text", "llvm-bindings"] as const;

/** bpftool's view of an object's types, a line each. */
function types(object: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), "zeta-test-"));
  try {
    const file = join(folder, "object.o");
    writeFileSync(file, object);
    return execFileSync("bpftool", ["btf", "dump", "file", file, "format", "raw"], { encoding: "utf8" }).split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const lines = (object: Uint8Array) => readLines(readElf(object));

describe.each(BUILDERS)("an object by way of %s", (irBuilder) => {
  test("has the same bytes every time", async () => {
    const first = await emitted(modules.repeats().module, { irBuilder });
    const second = await emitted(modules.repeats().module, { irBuilder });
    expect(Buffer.from(second.object).equals(Buffer.from(first.object))).toBe(true);
  });

  test("names no folder of the machine that built it", async () => {
    const { object } = await emitted(modules.files().module, { irBuilder });
    const text = Buffer.from(object).toString("latin1");
    for (const folder of [process.cwd(), tmpdir(), "/usr"]) expect(text).not.toContain(folder);
  });

  test("leaves nothing in the temporary folder", async () => {
    // One of its own: other tests build at the same time.
    const folder = mkdtempSync(join(tmpdir(), "zeta-test-"));
    vi.stubEnv("TMPDIR", folder);
    try {
      await emitted(modules.slots().module, { irBuilder });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });

  test("comes with LLVM IR and assembly when asked", async () => {
    const plain = await emitted(modules.pass().module, { irBuilder });
    expect(plain).toMatchObject({ llvm: null, assembly: null });
    const rich = await emitted(modules.pass().module, { irBuilder, emit: ["llvm", "assembly"] });
    expect(rich.llvm).toContain('target triple = "bpf"');
    expect(rich.assembly).toContain("pass:");
    expect(rich.assembly).toContain("exit");
  });
});

describe("lines", () => {
  test("name the source's file and text", async () => {
    const found = lines((await emitted(modules.counter().module, {})).object);
    expect(found.length).toBeGreaterThan(5);
    for (const { file, line, text } of found) {
      expect(file).toBe("counter.ts");
      expect(text).toBe(`line ${line}`);
    }
  });

  test("of code from another file name that file", async () => {
    const found = lines((await emitted(modules.files().module, { llvm: 19 })).object);
    const inlined = found.filter(({ file }) => file === "lib/helper.ts");
    expect(inlined.map(({ text }) => text)).toContain("helper line 108");
    expect(found.some(({ file }) => file === "files.ts")).toBe(true);
  });

  test.each([14, 16])("never pair another file's number with this file (LLVM %i)", async (llvm) => {
    const found = lines((await emitted(modules.files().module, { llvm })).object);
    for (const { file, line, text } of found.filter((one) => one.line > 0)) {
      expect(file).toBe("files.ts");
      expect(text).toBe(`line ${line}`);
    }
  });
});

describe("types", () => {
  test("describe keys, values and the arguments of functions", async () => {
    const all = types((await emitted(modules.slots().module, {})).object).join("\n");
    expect(all).toContain("STRUCT 'entries_value' size=48 vlen=6");
    expect(all).toMatch(/'port' type_id=\d+ bits_offset=16/);
    expect(all).toMatch(/'source' type_id=\d+ bits_offset=192/);
    const called = types((await emitted(modules.functions().module, {})).object).join("\n");
    expect(called).toMatch(/FUNC_PROTO [^\n]*vlen=4\n\t'result' [^\n]*\n\t'p0_low'/);
    expect(called).toMatch(/FUNC 'isOdd' type_id=\d+ linkage=static/);
  });

  test("give a spin lock the kernel's own name", async () => {
    const all = types((await emitted(modules.locks().module, {})).object).join("\n");
    expect(all).toMatch(/STRUCT 'bpf_spin_lock' size=4 vlen=1\n\t'val'/);
  });

  test("say what an inner map is", async () => {
    const all = types((await emitted(modules.kinds().module, {})).object).join("\n");
    expect(all).toMatch(/'values' type_id=\d+ bits_offset=256/);
    expect(all).toMatch(/STRUCT 'one_trie_key' size=8 vlen=2/);
    expect(all).toMatch(/STRUCT 'one_trie_value' size=56 vlen=5/);
    expect(all).not.toContain("FWD");
  });
});

describe("sizes", () => {
  test("count a program's instructions with those of the functions it reaches", async () => {
    const { object, programs } = await emitted(modules.functions().module, {});
    const sections = readElf(object).sections;
    const all = [...(sections.get("xdp")?.bytes ?? []), ...(sections.get(".text")?.bytes ?? [])].length / 8;
    expect(programs).toEqual([{ name: "functions", instructions: all, stack: expect.any(Number) }]);
  });

  test("count the callbacks that a program hands to the kernel", async () => {
    const { object, programs } = await emitted(modules.repeats().module, {});
    const sections = readElf(object).sections;
    const all = ((sections.get("xdp")?.bytes.length ?? 0) + (sections.get(".text")?.bytes.length ?? 0)) / 8;
    expect(programs[0]?.instructions).toBe(all);
  });

  test("count only what a program reaches", async () => {
    const { programs } = await emitted(modules.tails().module, {});
    expect(programs.map(({ name, instructions }) => [name, instructions])).toEqual([
      ["first", expect.any(Number)],
      ["second", 2],
    ]);
  });

  test("measure the stack", async () => {
    const stack = async (module: Module) => (await emitted(module, {})).programs[0]?.stack;
    expect(await stack(modules.pass().module)).toBe(0);
    expect(await stack(modules.slots().module)).toBe(48);
  });
});
