import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
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
    expect(problem).toMatchObject({ code: "ZT3007", at: { file: "deep.ts" } });
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

  test("a log line of four values", async () => {
    const module = moduleOf((to) => {
      to.effect({ op: "log", format: "%d %d %d %d", values: [u32(1), u32(2), u32(3), u32(4)] });
      to.return(u32(2));
    });
    expect(await refusal(module)).toMatchObject([{ code: "ZT3006", at: { line: 2 } }]);
  });

  test("what LLVM has no instructions for, at its line", async () => {
    const module = moduleOf((to, all) => {
      const data = all.global("data", bytes(16));
      const place = to.let("pointer", { op: "global", global: data });
      const value = to.load("u128", 16, place);
      to.store(to.binary("mul", "u128", value, value), 16, place);
      to.return(u32(2));
    });
    const [problem] = await refusal(module);
    expect(problem).toMatchObject({ code: "ZT3002", at: { file: "test.ts" } });
    expect(problem?.message).toContain("__multi3");
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
