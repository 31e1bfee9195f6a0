/** Texts that nobody writes on purpose: each is refused with a code at a place, and never crashes what reads it. */
import { describe, expect, test } from "vitest";
import { compile, onTargets, problemsOf } from "./harness.ts";
import { body } from "./refusals.ts";

const codesOf = async (text: string): Promise<string[]> => (await problemsOf(text)).map(({ code }) => code);
const using = (declaration: string, statements = ""): string => body(statements, declaration);

describe("constants that have no size", () => {
  test.each([
    ["a negative power", "export const n = 2n ** -1n;"],
    ["a power of a power", "export const n = 9n ** 1000000000n;"],
    ["a shift beyond memory", "export const n = 1n << 100000000000n;"],
  ])("%s", async (_, text) => {
    expect(await codesOf(text)).toEqual(["ZT2006"]);
  });
});

/** Forty names, each made of the one before twice. */
const doubled = (first: string, next: (name: string) => string): string =>
  [`const a0 = ${first};`, ...Array.from({ length: 40 }, (_, i) => `const a${i + 1} = ${next(`a${i}`)};`)].join("\n");

describe("a few lines that stand for more than a program can hold", () => {
  test.each([
    ["texts added", doubled('"text"', (name) => `${name} + ${name}`), "log(a40);"],
    ["lists spread", doubled("[1]", (name) => `[...${name}, ...${name}]`), "a40.length;"],
    ["layouts", doubled("u32", (name) => `struct({ a: ${name}, b: ${name} })`), "local(a40);"],
    ["calls", doubled("(n: u32): u32 => n", (name) => `(n: u32): u32 => ${name}(n) + ${name}(n + 1)`), "a40(1);"],
    [
      "lists in lists",
      `const list = [${Array.from({ length: 100 }, (_, i) => i)}];`,
      "let sum = 0; for (const a of list) for (const b of list) for (const c of list) for (const d of list) sum += a ^ b ^ c ^ d;",
    ],
  ])("%s", { timeout: 60_000 }, async (_, declarations, statements) => {
    expect(new Set(await codesOf(using(declarations, statements)))).toEqual(new Set(["ZT2031"]));
  });
});

test("what is no part of the language is called by its word", async () => {
  const problems = await problemsOf(
    using("", 'debugger; const o = { a: 1 }; delete (o as { a?: 1 }).a; import("zeta");'),
  );
  expect(problems.map(({ message }) => message)).toEqual(
    ["debugger", "delete", "import"].map((word) => `'${word}' is not part of the language.`),
  );
  expect(await problemsOf('import { f } from "./nowhere.ts"; export const g = f;')).toMatchObject([
    { code: "ZT1023", message: "There is no module './nowhere.ts' beside this one." },
  ]);
});

/** A service whose filter has these statements, in line 3 and on. */
const filtering = (statements: string): string => `import { drop, middlebox, pass, service } from "zeta";
export const one = middlebox("one", { filter(packet) {
${statements}
} });
export default service("one", { chain: [one] });`;

test("of a service, it is said once, at the author's line", { timeout: 60_000 }, async () => {
  const list = `[${Array.from({ length: 60 }, (_, i) => i)}]`;
  const loops = `let s = 0; for (const a of ${list}) for (const b of ${list}) s += a * b + packet.length;`;
  const names = Array.from({ length: 5000 }, (_, i) => `let v${i} = packet.length + ${i};`).join("\n");
  for (const statements of [`${loops} return s === 7 ? drop("seven") : pass();`, `${names}\nreturn pass();`]) {
    const problems = await problemsOf(filtering(statements));
    expect(problems.map(({ code }) => code)).toEqual(["ZT2031"]);
    expect(problems[0]?.at?.line).toBeGreaterThanOrEqual(3);
    expect(problems[0]?.at?.file).not.toContain("bpf-lib");
  }
});

describe("names that every JavaScript object has are in none of the language's", () => {
  test.each([
    "seen(frame).constructor",
    "seen(frame).__proto__",
    "seen(map).constructor({ max: 1 })",
    "seen(atomic).toString(1)",
    "seen(swapBytes).valueOf(1)",
    "seen(table).hasOwnProperty(1)",
    "seen(table).constructor(1)",
    "seen({ n: 1 }).constructor(1)",
  ])("%s", async (expression) => {
    const seen = `type Names = "constructor" | "__proto__" | "toString" | "valueOf" | "hasOwnProperty";
const seen = (of: unknown) => of as Record<Names, (n?: unknown) => number>;`;
    const declarations = `${seen}\nconst table = map.array({ value: u32, max: 1 });`;
    expect(await codesOf(using(declarations, `${expression};`))).toEqual(["ZT2020"]);
  });

  test("nor is one a kind of program, a flag, or a module", async () => {
    const kind = 'export default program("example", () => Action.Pass, { kind: "constructor" } as never);';
    expect(await codesOf(kind)).toEqual(["ZT2014"]);
    const table = "const table = map.hash({ key: u32, value: u32, max: 1 });";
    expect(await codesOf(using(table, 'table.set(1, 2, "toString" as never);'))).toEqual(["ZT2014"]);
    expect(await codesOf('import { a } from "constructor"; export const b = a;')).toEqual(["ZT1023"]);
  });
});

describe("maps that no kernel makes", () => {
  test.each([
    "map.hash({ key: struct({}), value: u32, max: 1 })",
    "map.hash({ key: u32, value: struct({}), max: 1 })",
    "map.hash({ key: struct({ a: array(u8, 600) }), value: u32, max: 1 })",
    "map.hash({ key: u32, value: array(u8, 8388608), max: 1 })",
    "map.perCpuArray({ value: array(u8, 40000), max: 1 })",
    "map.lpm({ key: header({ a: array(u8, 260) }), value: u32, max: 1 })",
    "map.bloom({ value: u32, max: 1, hashes: 16 })",
    "map.bloom({ value: u32, max: 1, hashes: -1 })",
    "map.arrayOfMaps({ of: map.arrayOfMaps({ of: map.array({ value: u32, max: 1 }), max: 1 }), max: 1 })",
    "map.arrayOfMaps({ of: map.programs({ max: 1 }), max: 1 })",
  ])("%s", async (declaration) => {
    expect(await codesOf(using(`export const table = ${declaration};`))).toEqual(["ZT2026"]);
  });
});

describe("names that the object has already", () => {
  test.each([
    ["a map", 'export const table = map.array({ value: u32, max: 1, name: "license" });', ""],
    ["global data", "const _license = variable(u32, 1);", "_license.value = 2;"],
    ["a subprogram", 'const f = subprogram("bpf_loop", (n: u32): u32 => n);', "f(1);"],
    ["a subprogram without a name", 'const f = subprogram("", (n: u32): u32 => n);', "f(1);"],
    ["a subprogram with an end of text in its name", 'const f = subprogram("a\\0b", (n: u32): u32 => n);', "f(1);"],
  ])("%s", async (_, declaration, statements) => {
    expect(await codesOf(using(declaration, statements))).toEqual(["ZT2023"]);
  });

  test("a program", async () => {
    expect(await codesOf('export default program("bpf_loop", () => Action.Pass);')).toEqual(["ZT2023"]);
  });

  test("a subprogram called as another, or as its program", async () => {
    const two = 'const f = subprogram("f", (n: u32): u32 => n); const g = subprogram("f", (n: u32): u32 => n + 1);';
    expect(await codesOf(using(two, "f(g(1));"))).toEqual(["ZT2022"]);
    const same = 'const f = subprogram("example", (n: u32): u32 => n);';
    expect(await codesOf(using(same, "f(1);"))).toEqual(["ZT2022"]);
  });
});

test("the kernel's loop does not run under a lock", async () => {
  const table = "const table = map.array({ value: struct({ lock: spinLock, n: u32 }), max: 1 });";
  const locked = (inner: string) =>
    `const one = table.at(0); if (one !== null) withLock(one.lock, () => { ${inner} });`;
  expect(await codesOf(using(table, locked("loop(5, () => { one.n++; });")))).toEqual(["ZT2019"]);
  expect(await codesOf(using(table, locked("for (let i = 0; i < 5; i++) one.n++;")))).toEqual([]);
});

test("only a devmap's program knows the egress interface", async () => {
  expect(await codesOf('export default program("example", (frame) => frame.egressInterface);')).toEqual(["ZT2020"]);
  const devmap = 'export default program("example", (frame) => frame.egressInterface, { kind: "devmap" });';
  expect(await codesOf(devmap)).toEqual([]);
});

test("callbacks nested deeper than the kernel's stack", async () => {
  const nested = (depth: number) => `${"loop(2, () => { ".repeat(depth)}sum++; ${"});".repeat(depth)}`;
  expect(await codesOf(using("", `let sum = 0; ${nested(8)}`))).toEqual(["ZT2026"]);
  expect(await codesOf(using("", `let sum = 0; ${nested(7)}`))).toEqual([]);
});

test("brackets by the thousand", async () => {
  expect(await codesOf(using(`const deep = ${"[".repeat(4000)}1${"]".repeat(4000)};`, "deep.length;"))).toEqual([
    "ZT2031",
  ]);
});

onTargets(
  "a line longer than LLVM's columns",
  `/*${"x".repeat(70_000)}*/ ${using("", "").replaceAll("\n", " ").trim()}`,
  async ({ run }) => {
    const [outcome] = await run(new Uint8Array(64));
    expect(outcome?.verdict).toBe("pass");
  },
);

test("a header longer than every packet", async () => {
  const long = "const long = header({ a: array(u8, 70000), b: u8 });";
  expect(await codesOf(using(long, "const view = frame.cursor().take(long);"))).toEqual(["ZT2026"]);
});

test.each(["%s", "%n", "%", "%d", "é %u"])("a format that the kernel prints nothing for: '%s'", async (format) => {
  const values = format === "%d" ? "" : ", 1";
  expect(await codesOf(using("", `log("${format}"${values});`))).toEqual(["ZT2014"]);
});

onTargets(
  "a format as the kernel takes it",
  using("", 'log("100%% of %u, %04x and %llu", 1, 2, 3n);'),
  async ({ run }) => {
    const [outcome] = await run(new Uint8Array(64));
    expect(outcome?.verdict).toBe("pass");
  },
);

test("an empty file, a byte-order mark, carriage returns", async () => {
  expect(await codesOf("\ufeff")).toEqual(["ZT1004"]);
  await compile(using("", "frame.length;").replaceAll("\n", "\r\n"));
});
