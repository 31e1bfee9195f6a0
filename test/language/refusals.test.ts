/** Everything the compiler refuses: the code, the place, the nearest accepted text; many problems in one run, one for each mistake. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import * as kinds from "../../compiler/frontend/problems.ts";
import { createCompiler } from "../../compiler/index.ts";
import { problemsOf, told, withoutMark } from "./harness.ts";
import { body, examples } from "./refusals.ts";

describe.each(examples)("$code: $what", ({ code, refused, accepted }) => {
  test("is refused at its place, once", async () => {
    const { text, place } = withoutMark(refused);
    expect((await problemsOf(text)).map(told)).toEqual([`${code} ${place}`]);
  });

  test("has a neighbour that is accepted", async () => {
    expect((await problemsOf(accepted)).map(told)).toEqual([]);
  });
});

/** Shown by tests of their own below. */
const ELSEWHERE = ["ZT1003", "ZT1004", "ZT2027", "ZT2031"];

test("every code of the front end has its example", () => {
  const shown = new Set([...examples.map(({ code }) => code), ...ELSEWHERE]);
  expect([...shown].sort()).toEqual(
    Object.values(kinds)
      .map(({ code }) => code)
      .sort(),
  );
});

test("a file that is not there", async () => {
  const { problems } = await createCompiler().lower("/zeta-language/missing.ts");
  expect(problems.map(({ code, at }) => [code, at])).toEqual([["ZT1003", null]]);
});

test.each([
  ["a folder", "'/' is a folder, and a .ts file was expected.", "/"],
  ["a device", "'/dev/zero' is a device, and a .ts file was expected.", "/dev/zero"],
  ["no TypeScript", "'/etc/passwd' is a file of another kind, and a .ts file was expected.", "/etc/passwd"],
])("what is %s", async (_, message, path) => {
  const { problems } = await createCompiler().lower(path);
  expect(problems.map((problem) => [problem.code, problem.message])).toEqual([["ZT1003", message]]);
});

test("a FIFO, which would be waited for, is none: given, imported or referred to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "zeta-fifo-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const fifo = join(folder, "fifo.ts");
  expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
  expect((await createCompiler().lower(fifo)).problems).toMatchObject([
    { code: "ZT1003", message: expect.stringContaining("is a FIFO") },
  ]);
  for (const text of ['import { x } from "./fifo.ts";\n', '/// <reference path="./fifo.ts" />\n']) {
    writeFileSync(join(folder, "entry.ts"), `${text}export const n = 1;\n`);
    expect((await createCompiler().lower(join(folder, "entry.ts"))).ok).toBe(false);
  }
});

test("a file that builds nothing", async () => {
  expect((await problemsOf("export const n = 1;")).map(({ code, at }) => [code, at])).toEqual([["ZT1004", null]]);
});

test("calls nested deeper than 64", async () => {
  const names = Array.from({ length: 70 }, (_, i) => `f${i}`);
  const functions = names.map((name, i) => `const ${name} = (n: u32): u32 => ${names[i + 1] ?? "Math.abs"}(n);`);
  functions[69] = "const f69 = (n: u32): u32 => n;";
  const problems = await problemsOf(body("f0(1);", functions.reverse().join("\n")));
  expect(problems.map(({ code }) => code)).toEqual(["ZT2027"]);
  expect(await problemsOf(body("f20(1);", functions.join("\n")))).toEqual([]);
});

describe("one mistake is one problem", () => {
  /** Each text holds exactly one mistake, whose consequences are many. */
  const mistakes: Readonly<Record<string, string>> = {
    "a declaration that fails, and all its uses": body(
      "const §broken: any = frame.length;\n  const twice = broken * 2;\n  if (twice > broken) return Action.Drop;\n  table.set(broken, twice);",
      "const table = map.hash({ key: u32, value: u32, max: 4 });",
    ),
    "a function that fails, called many times": body(
      "f(1); f(2); const x = f(frame.length) + f(3);",
      "const f = (n: u32): u32 => { const r = §/a/; return n; };",
    ),
    "a map that fails, used by two programs": `
const table = map.hash({ key: u32, value: u32, max: §cpu() });
export const one = program("one", () => (table.get(1) === null ? Action.Pass : Action.Drop));
export const two = program("two", () => (table.get(2) === null ? Action.Pass : Action.Drop));`,
    "a pattern that fails": body(
      "const { a, b } = §frame.cursor().take(ethernetHeader)! as unknown as { a: u32; b: u32 };\n  const c = a + b;\n  if (c > 4) return Action.Drop;",
    ),
    "a loop that fails, and what follows it": body(
      "let n = 0;\n  §while (random() > 5) n++;\n  if (n > 4) return Action.Drop;",
    ),
    "a mistake in a loop body, lowered more than once": body(
      "let last: u32 | null = null;\n  for (let i = 0; i < 4; i++) { last = i; frame.adjustHead(0); const x = §/a/; }",
    ),
    "an unknown import, and all its uses": `import { helper } from §"./nowhere.ts";\n${body("const x = helper(1);\n  helper(x);")}`,
    "a null check spoilt by another mistake": body(
      "const h = frame.cursor().take(ethernetHeader);\n  if (h === null || §h.type == 5) return Action.Drop;\n  h.type = 7;",
    ),
    "a function whose only return fails": body(
      "const x = f(1) + 1;\n  if (x > 4) return Action.Drop;",
      'const f = (n: u32): u32 => {\n  return §ipv4("10.0.0.1") * n;\n};',
    ),
    "an async program": 'export default program("example", (§async () => Action.Pass) as never);',
  };
  test.each(Object.entries(mistakes))("%s", async (_, marked) => {
    const { text, place } = withoutMark(marked);
    expect((await problemsOf(text)).map(told).map((one) => one.replace(/^\S+ /, ""))).toEqual([place]);
  });
});

test("independent mistakes are all told in one run, in the order of the text", async () => {
  const marked = `
const table = map.hash({ key: u32, value: struct({ n: u32 }), max: 4 });
const helper = (n: u32) => n == 4;
export const one = program("one", (frame) => {
  const r = /a/;
  let n = frame.length;
  while (n > 1) n = n / 2;
  if (frame.length < -1) return Action.Drop;
  table.get(1)!.n;
  if (helper(frame.length)) {
    const a = ipv4("10.0.0.1") + 1;
  }
  for (let i = 0; i < 4; i++) {
    throw 1;
  }
  return Action.Pass;
});
export const two = program("two", (frame) => {
  class Box {}
  return Action.Pass;
});`;
  expect((await problemsOf(marked)).map(told).map((one) => one.replace(/:\d+$/, ""))).toEqual([
    "ZT1025 3",
    "ZT1015 5",
    "ZT2001 7",
    "ZT2008 8",
    "ZT2002 9",
    "ZT2007 11",
    "ZT1012 14",
    "ZT1011 19",
  ]);
});

test("a mistake in another file is told there", async () => {
  const problems = await problemsOf(
    'import { f } from "./other.ts";\nimport { Action, program } from "zeta/bpf";\nexport default program("example", (frame) => (f(frame.length) ? Action.Pass : Action.Drop));',
    {
      "other.ts": "export const f = (n: number) =>\n  n == 4;",
    },
  );
  expect(problems.map(({ code, at }) => `${code} ${at?.file}:${at?.line}:${at?.column}`)).toEqual([
    "ZT1025 other.ts:2:3",
  ]);
});
