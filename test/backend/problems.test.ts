import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { problemsOf } from "../../compiler/backend/diagnostics.ts";
import { type BackendOptions, emitObject } from "../../compiler/backend/index.ts";
import * as problems from "../../compiler/backend/problems.ts";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import type { Module } from "../../compiler/ir/ir.ts";
import { bytes, ModuleBuilder, moduleOf, scalar, staticMap, u32, u64 } from "../kit/ir.ts";
import { modules } from "./modules/index.ts";

const codes = Object.values(problems).map((one) => one.code);

test("codes are unique and in the back end's range", () => {
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.filter((code) => !/^ZT3[01]\d\d$/.test(code))).toEqual([]);
});

test.each(codes)("%s is explained", (code) => {
  const page = new URL(`../../docs/errors/${code}.md`, import.meta.url);
  expect(existsSync(page)).toBe(true);
  const text = readFileSync(page, "utf8");
  expect(text).toMatch(new RegExp(`^# ${code}: .+`));
  expect(text).toMatch(/^## Why$/m);
  expect(text).toMatch(/^## What to do$/m);
});

async function refusal(module: Module, options: BackendOptions = {}): Promise<readonly Problem[]> {
  const result = await emitObject(module, options);
  return result.ok ? [] : result.problems;
}

/** Fills a slot that no optimiser can take apart. */
const filling = (size: number): Module =>
  moduleOf((to) => {
    const slot = to.slot(bytes(size), "large");
    to.zero(slot, 0, size);
    to.effect({ op: "packetRead", offset: u32(0), to: slot, bytes: size });
    to.return(u32(2));
  });

describe("refused", () => {
  test.each([14, 16, 19])("a function with too much stack, at its line (LLVM %i)", async (llvm) => {
    const [problem, ...others] = await refusal(filling(1024), { llvm });
    expect(others).toEqual([]);
    expect(problem?.code).toBe("ZT3001");
    expect(problem?.at?.file).toBe("test.ts");
    expect(problem?.message).toContain("'main'");
    expect(problem?.detail).toContain("stack");
  });

  test("a chain of calls with too much stack", async () => {
    const module = new ModuleBuilder("deep");
    const fill = (to: Parameters<Parameters<ModuleBuilder["program"]>[1]>[0]) => {
      const slot = to.slot(bytes(300), "large");
      to.zero(slot, 0, 300);
      to.effect({ op: "packetRead", offset: u32(0), to: slot, bytes: 300 });
    };
    const inner = module.function("inner", [], null, (to) => fill(to));
    module.program("outer", (to) => {
      fill(to);
      to.effect({ op: "call", function: inner, values: [], type: null });
      to.return(u32(2));
    });
    const [problem] = await refusal(module.build());
    expect(problem).toMatchObject({ code: "ZT3006", at: { file: "deep.ts" } });
    expect(problem?.message).toContain("'outer'");
  });

  test.each(["and", "exchange", "compareExchange", "add"] as const)(
    "an atomic '%s' with a result on v2",
    async (operator) => {
      const module = moduleOf((to, all) => {
        const data = all.global("data", scalar("u64"));
        const place = to.let("pointer", { op: "global", global: data });
        const expected = operator === "compareExchange" ? u64(1) : null;
        const op = {
          op: "atomic",
          operator,
          type: "u64",
          place,
          offset: 0,
          value: u64(1),
          expected,
          resultUsed: true,
        } as const;
        to.let("u64", op);
        to.return(u32(2));
      });
      expect(await refusal(module, { cpu: "v2" })).toMatchObject([
        { code: "ZT3004", at: { file: "test.ts", line: 3 } },
      ]);
      expect(await refusal(module, { cpu: "v3" })).toEqual([]);
    },
  );

  test("two things of one name", async () => {
    const module = new ModuleBuilder("twice");
    module.map({ name: "main", kind: "array", key: scalar("u32"), value: scalar("u32"), maxEntries: 1 });
    module.program("main", (to) => to.return(u32(2)));
    expect(await refusal(module.build())).toMatchObject([{ code: "ZT3005", at: { file: "twice.ts", line: 1 } }]);
  });
});

describe("LLVM's complaints", () => {
  const { module } = modules.counter();

  test("are told at the author's line", () => {
    const output = `error: counter.ts:7:9: in function counter i32 (ptr): A call to built-in function '__multi3' is not supported.\n`;
    expect(problemsOf(module, "llc", output)).toMatchObject([
      { code: "ZT3002", at: { file: "counter.ts", line: 7, column: 9 }, detail: output },
    ]);
  });

  test("without a line are told where the function begins", () => {
    const output = "error: <unknown>:0:0: in function counter_repeat0 i64 (i64, ptr): too many arguments\n";
    expect(problemsOf(module, "llc", output)).toMatchObject([{ code: "ZT3002", at: { file: "counter.ts", line: 1 } }]);
  });

  test("of one function's stack are one problem", () => {
    const line = (at: number) =>
      `error: counter.ts:${at}:3: in function counter i32 (ptr): Looks like the BPF stack limit is exceeded\n`;
    expect(problemsOf(module, "llc", line(3) + line(9))).toMatchObject([{ code: "ZT3001", at: { line: 3 } }]);
  });

  test("about nothing in the source are a fault of Zeta or LLVM", () => {
    expect(problemsOf(module, "opt", "\nLLVM ERROR: broken\nStack dump\n")).toMatchObject([
      { code: "ZT3003", at: null, message: "opt failed: LLVM ERROR: broken" },
    ]);
  });
});

describe("options", () => {
  const { module } = modules.pass();
  const code = async (options: object) => (await refusal(module, options as BackendOptions)).map((one) => one.code);

  test("name an LLVM, a cpu and a builder that exist", async () => {
    expect(await code({ llvm: 13 })).toEqual(["ZT3102"]);
    expect(await code({ llvm: 20 })).toEqual(["ZT3102"]);
    expect(await code({ cpu: "v5" })).toEqual(["ZT3103"]);
    expect(await code({ irBuilder: "gcc" })).toEqual(["ZT3106"]);
  });

  test("v4 needs an LLVM that knows it: older ones would warn and make something else", async () => {
    expect(await code({ cpu: "v4", llvm: 14 })).toEqual(["ZT3104"]);
    expect(await code({ cpu: "v4", llvm: 16 })).toEqual(["ZT3104"]);
    expect(await code({ cpu: "v4", llvm: 19 })).toEqual([]);
  });
});

test("maps of a module may be used by no program", async () => {
  const module = moduleOf((to, all) => {
    const queue = all.map({ name: "queue", kind: "queue", value: scalar("u32"), maxEntries: 1 });
    const slot = to.slot(scalar("u32"));
    to.store(u32(1), 4, slot, 0, "little", 8);
    to.effect({ op: "mapPush", map: staticMap(queue), value: slot, flags: u64(0) });
    all.map({ name: "unused", kind: "array", key: scalar("u32"), value: scalar("u32"), maxEntries: 1 });
    to.return(u32(2));
  });
  const result = await emitObject(module);
  expect(result.ok).toBe(true);
});
