/** What stands at the top level of modules: enums as JavaScript has them, overloads; and what cannot be there, told where it is. */
import { describe, expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { calculates, problemsOf, told, withoutMark } from "./harness.ts";
import { body } from "./refusals.ts";

calculates(
  "enums have names and numbers, of any spelling, in several parts",
  {
    input: { a: "u32" },
    output: { r: "u32[5]" },
    module: `
enum Kind { First = 1, "in-between", Last = First << 3 }
enum Kind { Extra = 100 }
enum Word { A = "a" }`,
    body: `
  output.r[0] = Kind["in-between"];
  output.r[1] = Kind.Last + Kind.Extra;
  output.r[2] = Kind[8] === "Last" ? 1 : 0;
  output.r[3] = Word.A === Word.A ? input.a : 0;
  output.r[4] = input.a === Kind.Extra ? 1 : 0;`,
  },
  [{ input: { a: 100 }, output: { r: [2, 108, 1, 100, 1] } }],
);

calculates(
  "of overloads, the one with a body is called",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    module: `
function size(of: u32): u32;
function size(of: bigint): u32;
function size(of: u32 | bigint): u32 {
  return u32(of) + 1;
}`,
    body: "  output.x = size(input.a) + size(5n);",
  },
  [{ input: { a: 3 }, output: { x: 10 } }],
);

const refused = async (marked: string, code: string, message: string): Promise<void> => {
  const { text, place } = withoutMark(marked);
  const problems = await problemsOf(text, { "plain.js": "export const x = 1;", "limits.json": '{ "most": 5 }' });
  expect(problems.map((problem) => [told(problem), problem.message])).toEqual([[`${code} ${place}`, message]]);
};

describe("at the top level", () => {
  test.each([
    [
      "a member of an enum that is not known",
      body("if (frame.length > E.A) return Action.Drop;", 'enum E { A = §"abc".length }'),
      "ZT2013",
      "'A' of an enum must be known when compiling.",
    ],
    [
      "a namespace, used twice",
      body("if (frame.length > N.a + N.a) return Action.Drop;", "namespace §N { export const a = 1; }"),
      "ZT1020",
      "A namespace is not part of the language.",
    ],
    [
      "a pattern",
      body("if (frame.length > a) return Action.Drop;", "const { §a } = { a: 1 };"),
      "ZT1020",
      "A pattern at the top level of a module is not part of the language.",
    ],
    [
      "a class's static field",
      body("if (frame.length > §A.x) return Action.Drop;", "class A { static x = 1; }"),
      "ZT1011",
      "A class dispatches at run time, which XDP cannot.",
    ],
    [
      "a let, assigned and read",
      body("seen++;\n  if (seen > 5) return Action.Drop;", "let §seen = 0;"),
      "ZT1029",
      "'seen' is declared by 'let' or 'var' at the top level of a module: nothing that packets change can live there.",
    ],
  ])("%s", async (_, text, code, message) => refused(text, code, message));
});

describe("an import", () => {
  const using = (name: string) => `import * as x from §"${name}";\n${body("x;")}`;
  test.each([
    ["of JSON", using("./limits.json"), "'./limits.json' is not TypeScript source that Zeta can compile."],
    ["of JavaScript", using("./plain.js"), "'./plain.js' is not TypeScript source that Zeta can compile."],
    ["of Node.js", using("node:fs"), "'node:fs' is not TypeScript source that Zeta can compile."],
    ["of nothing", using("./nowhere.ts"), "There is no module './nowhere.ts' beside this one."],
  ])("%s", async (_, text, message) => refused(text, "ZT1023", message));

  test("in a circle, of constants that need each other", async () => {
    const { text } = withoutMark(
      `import { d } from "./other.ts";\n${body("if (c > 1) return Action.Drop;", "export const c: number = d + 1;")}`,
    );
    const problems = await problemsOf(text, {
      "other.ts": 'import { c } from "./test.ts";\nexport const d: number = c + 1;',
    });
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ["ZT1028", "The value of 'c' is needed to compute it."],
    ]);
  });
});

describe("in functions", () => {
  test.each([
    ["a name of Node.js", '§console.log("x");', "ZT1022", "'console' has no meaning in the data path."],
    [
      "a name that is declared later",
      "const f = () => §y;\n  const z = f();\n  const y = 5;",
      "ZT1022",
      "'y' has no meaning here: its declaration comes later.",
    ],
    ["using", "§using x = null;", "ZT1020", "'using' is not part of the language."],
    ["this", "const o = { n: 1, f() { return §this.n; } };\n  o.f();", "ZT1020", "'this' is not part of the language."],
    ["an await", "§await frame.length;", "ZT1013", "A packet is handled at once: nothing can be awaited."],
    [
      "a jump to a label that is not there",
      "for (let i = 0; i < 3; i++) { §break nowhere; }",
      "ZT1020",
      "A jump to nowhere is not part of the language.",
    ],
    [
      "a prototype",
      "const o = { §__proto__: { a: 1 } } as { a?: number };",
      "ZT1020",
      "'__proto__' in an object is not part of the language.",
    ],
    [
      "a property assigned by its text",
      'const o = { a: 1 };\n  §o["a"] = 5;',
      "ZT1020",
      "Assigning to a property by its text is not part of the language.",
    ],
    [
      "an object in an object, replaced",
      "const o = { i: { n: 1 } };\n  §o.i = { n: 2 };",
      "ZT2015",
      "'i', which holds an object, cannot be written.",
    ],
    [
      "falling through from the case that is known to be taken",
      "let x = 0;\n  switch (5 as number) { §case 5: x = 1; case 6: x = 2; }",
      "ZT1020",
      "Falling through to the next case is not part of the language.",
    ],
    [
      "objects compared",
      "const o = { n: 1 };\n  const p = { n: 1 };\n  if (§o === p) return Action.Drop;",
      "ZT2014",
      "Expected numbers to compare, found an object.",
    ],
    [
      "an arrow that calls itself, by its name",
      "const f = (n: number): number => (n < 2 ? 1 : §f(n - 1));\n  f(frame.length);",
      "ZT1021",
      "'f' calls itself, and the kernel's stack is 512 bytes.",
    ],
    [
      "what newer JavaScript has, without advice that would not help",
      "const x = [1, 2].§at(0);",
      "ZT1002",
      "TypeScript refuses this: Property 'at' does not exist on type 'number[]'.",
    ],
  ])("%s", async (_, statements, code, message) => refused(body(statements), code, message));
});

test("types, interfaces, and constants are exported beside what is built", async () => {
  const exported = 'export interface A { readonly n: number }\nexport type B = A["n"];';
  const constants = "export enum E { X = 1 }\nexport const limit: B = 100;";
  expect(
    await problemsOf(body("if (frame.length > E.X + limit) return Action.Drop;", `${exported}\n${constants}`)),
  ).toEqual([]);
});

test("constants grow no larger than memory", async () => {
  for (const value of ["1n >> -100000000000n", `10n ** 100n${" * 10n ** 100n".repeat(20)}`])
    expect((await problemsOf(`export const n = ${value};`)).map(({ code }) => code)).toEqual(["ZT2006"]);
});

describe("a compilation tells which files it went by", () => {
  const entry = "/zeta-language/entry.ts";
  const inputsOf = async (texts: Readonly<Record<string, string>>) => {
    const files = new Map(Object.entries(texts).map(([name, text]) => [`/zeta-language/${name}`, text]));
    const { ok, inputs } = await createCompiler().lower(entry, { files });
    return { ok, inputs: inputs.map((path) => path.replace("/zeta-language/", "")) };
  };
  const using = (name: string) =>
    `import { limit } from "${name}";\nimport { Action, program } from "zeta/bpf";\nexport default program("example", (frame) => (frame.length > limit ? Action.Drop : Action.Pass));`;

  test("when it succeeds", async () => {
    const { ok, inputs } = await inputsOf({ "entry.ts": using("./limit.ts"), "limit.ts": "export const limit = 5;" });
    expect([ok, inputs.sort()]).toEqual([true, ["entry.ts", "limit.ts"]]);
  });

  test("when what it imports is refused, before any has succeeded", async () => {
    const texts = { "entry.ts": using("./limit.ts"), "limit.ts": 'export { limit } from "./own.ts";' };
    const { ok, inputs } = await inputsOf({ ...texts, "own.ts": "export const limit = 0.5;" });
    expect([ok, inputs.sort()]).toEqual([false, ["entry.ts", "limit.ts", "own.ts"]]);
  });

  test.each(["./limit.ts", "./limit", "./limit.js"])("and those that are not there, of '%s'", async (name) => {
    const { ok, inputs } = await inputsOf({ "entry.ts": using(name) });
    expect(ok).toBe(false);
    expect(inputs).toContain("entry.ts");
    expect(inputs).toContain("limit.ts");
  });

  test("but none of a package that is not there, nor of our own", async () => {
    expect(await inputsOf({ "entry.ts": using("nothing-of-that-name") })).toEqual({ ok: false, inputs: ["entry.ts"] });
  });

  test("and the entry, where there is none", async () => {
    expect(await inputsOf({})).toEqual({ ok: false, inputs: ["entry.ts"] });
  });
});
