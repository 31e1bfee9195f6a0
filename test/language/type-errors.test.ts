/** Mistakes that TypeScript's own checker sees do not hide those that the language refuses, and each is told once. */
import { describe, expect, test } from "vitest";
import { type Files, problemsOf, told } from "./harness.ts";
import { body, examples } from "./refusals.ts";

/** Codes of a text's problems, each of which must be at the place that § marks in the text. */
async function codesAtMarks(marked: string, files: Files = {}): Promise<string[]> {
  const lines = marked.split("\n");
  const places = lines.flatMap((line, row) =>
    line
      .split("§")
      .slice(0, -1)
      .map((_, i, parts) => `${row + 1}:${parts.slice(0, i + 1).join("").length + 1}`),
  );
  const problems = await problemsOf(marked.replaceAll("§", ""), files);
  const found = problems.map(told);
  expect(found.map((one) => one.replace(/^\S+ /, ""))).toEqual(places);
  return problems.map(({ code }) => code);
}

/** A service of one middlebox that filters, and one that decides. */
const service = (filter: string, decide = "return flow.forward();", declarations = "") => `
import { drop, middlebox, pass, prefixes, service, table, u16, u32, type Packet } from "zeta";
${declarations}
export const guard = middlebox("guard", {
  config: { rules: prefixes({ of: { from: u16 }, max: 8 }) },
  filter(packet, { config }) {
    ${filter}
    return pass();
  },
});
export const way = middlebox("way", {
  decide(flow) {
    ${decide}
  },
});
export default service("example", { chain: [guard, way] });`;

describe("a mistake of types and a refusal are both told", () => {
  const both: Readonly<Record<string, string>> = {
    "in one function": body("const §name: string = frame.length;\n  const r = §/a/;"),
    "before and behind": body("let n = 5;\n  §while (random() > 5) n++;\n  n = §missing;\n  const r = n;"),
    "in branches": body("if (frame.length > 5) {\n    const x = §nowhere + 1;\n  } else {\n    const x = §/a/;\n  }"),
    "in two functions": body(
      "f(1);\n  g(2);",
      "const f = (n: u32): u32 => §nobody(n);\nconst g = (n: u32) => §n == 4;",
    ),
    "in two programs": `
export const one = program("one", (frame) => frame.§nothing);
export const two = program("two", (frame) => {
  §class Box {}
  return Action.Pass;
});`,
    "in a program that gives the wrong thing": `
export default program("example", §(frame) => {
  const r = §/a/;
  return "pass";
});`,
    "in the condition and the body of an if": body("if (frame.length > §nothing) {\n    const r = §/a/;\n  }"),
    "in two middleboxes": service("return drop(§5);", "const r = §/a/;\n    return flow.forward();"),
    "in two hooks that belong together": service("if (config.§rulse.has(packet.source)) return pass();").replace(
      "return flow.forward();",
      "const x = §1.5 + flow.vni;\n    return flow.forward();",
    ),
    "in the declaration of one middlebox, and a hook of another": service(
      "",
      "const r = §/a/;\n    return flow.forward();",
    ).replace("of: { from: u16 }", "of: { from: §u61 }"),
    "in a method of the wrong type": service("const r = §/a/;")
      .replace("  filter(", "  §filter(")
      .replace("return pass();", "return 5;"),
    "at the top level of a module": `const §limit: string = 5;\n${body("const r = §/a/;")}`,
    "in a type and a function": body("const r = §/a/;", "interface Point { x: §u61 }"),
    "in an import and a function": body(
      "const x = helper(1);\n  const r = §/a/;",
      'import { §helper } from "./other.ts";',
    ),
  };
  test.each(Object.entries(both))("%s", async (_, marked) => {
    const codes = await codesAtMarks(marked, { "other.ts": "export const other = 1;" });
    expect(codes).toHaveLength(2);
    expect(codes.filter((code) => code === "ZT1002")).toHaveLength(1);
  });
});

describe("a mistake of types has no consequences", () => {
  const alone: Readonly<Record<string, string>> = {
    "a name that means nothing, used ever after": body(
      "const x = §nowhere(frame.length);\n  const y = x + 1;\n  if (y > x) return Action.Drop;\n  table.set(y, x);\n  let z = y;\n  z += 2;",
      "const table = map.hash({ key: u32, value: u32, max: 4 });",
    ),
    "a function whose text is wrong, and all its calls": body(
      "let n = f(1);\n  n += f(2);\n  const m: u8 = n;\n  for (let i = 0; i < m; i++) n++;",
      "const f = (n: u32) => §nobody(n);",
    ),
    "a parameter's type": body("const x = f(1);\n  if (x > 4) return Action.Drop;", "const f = (n: §u61) => n + 1;"),
    "a type's member": body(
      "const p: Point = { x: 1, y: 2 };\n  let sum = p.x + p.y;\n  sum += p.x;\n  const small: u8 = p.x;",
      "interface Point { x: §u61; y: u32 }",
    ),
    "a type's name": body("let x: Port = 5;\n  x += 1;\n  const y: u8 = x;", "type Port = §u61;"),
    "a map's value": body(
      "const known = table.get(1);\n  if (known !== null) known.n += 1;\n  table.set(1, { n: 2 });",
      "const table = map.hash({ key: u32, value: struct({ n: §u61 }), max: 4 });",
    ),
    "a loop's step": body("let n = 100;\n  while (n > 1) {\n    n = n - §step;\n  }\n  const m = n;"),
    "a loop's bound": body("for (let i = 0; i < §bound; i++) {\n    const r = i;\n  }"),
    "a null check": body(
      "const h = frame.cursor().take(ethernetHeader);\n  if (h === §nil) return Action.Drop;\n  const t = h!.type;",
    ),
    "an assignment that would have made it known": body(
      "let best: u32 | null = null;\n  best = §nowhere;\n  const n: u32 = best!;",
    ),
    "a record that would have been submitted": body(
      "const record = events.reserve(struct({ n: u32 }));\n  if (record === null) return Action.Drop;\n  events.submit(record, §5);",
      "const events = map.ringBuffer({ max: 4096 });",
    ),
    "a return": body("const x = f(1);\n  const y = x + 1;", 'const f = (n: u32): u32 => {\n  §return "text";\n};'),
    "a case": body("switch (§nothing) {\n    case 1:\n      return Action.Drop;\n    default:\n      break;\n  }"),
    "a program that gives nothing on one path": `
export default program("example", §(frame) => {
  if (frame.length > 4) return Action.Pass;
});`,
    "a program with a parameter too many": `
export default program("example", §(frame: Frame, extra: u32) => {
  const n = extra + 1;
  return n > 3 ? Action.Drop : Action.Pass;
});`,
    "a config field that is not there": service(
      'const rule = config.§rulse.lookup(packet.source);\n    if (rule !== null && rule.from > 4) return drop("port");',
    ),
    "a config field's declaration, in a hook that uses it": service(
      'const rule = config.rules.lookup(packet.source);\n    if (rule !== null && rule.from > 4) return drop("port");',
    ).replace("of: { from: u16 }", "of: { from: §u61 }"),
    "a hook that is called otherwise": service("").replace("  filter(", "  §filtre("),
    "a hook that gives nothing": service("", "").replace("  decide(", "  §decide("),
    "a hook without a way out": service("", "if (flow.vni > 4) return flow.forward();").replace(
      "  decide(",
      "  §decide(",
    ),
    "a helper's view": service(
      'if (isWeb(packet)) return drop("web");',
      undefined,
      "const isWeb = (packet: Packet) => packet.tcp()?.§port === 80;",
    ),
    "a middlebox of the chain": service("").replace("[guard, way]", "[guard, §wya]"),
    "a program of a name that is not there": 'export default §programm("example", (frame) => Action.Pass);',
    "an export twice": `export const §a = 1;\nexport const §a = 2;\n${body("const x = a + 1;\n  if (x > 4) return Action.Drop;")}`,
    "a name of a namespace": body("const n = all.§other(5);\n  const m: u8 = n;", 'import * as all from "./other.ts";'),
  };
  test.each(Object.entries(alone))("%s", async (_, marked) => {
    const codes = await codesAtMarks(marked, { "other.ts": "export const helper = 1;" });
    expect(new Set(codes).size).toBe(1);
  });
});

test("what may be null is told as that, each time that it is used without a test", async () => {
  const text = service('const ip = packet.ipv4();\n    §ip.ttl = 5;\n    if (§ip.protocol === 1) return drop("ping");');
  const problems = await problemsOf(text.replaceAll("§", ""));
  expect(await codesAtMarks(text)).toEqual(["ZT2002", "ZT2002"]);
  expect(problems[0]?.message).toBe("'ip' may be null here.");
});

test("but not where the test is what is wrong", async () => {
  const text = service(
    "const ip = packet.ipv4();\n    if (ip === §nul) return pass();\n    ip.ttl = 5;\n    const r = §/a/;",
  );
  expect(await codesAtMarks(text)).toEqual(["ZT1002", "ZT1015"]);
});

test("nor where it tests a name that is misspelt", async () => {
  const text = service("const ip = packet.ipv4();\n    if (§pi === null) return pass();\n    ip.ttl = 5;");
  expect(await codesAtMarks(text)).toEqual(["ZT1002"]);
});

test("and beside another mistake in the same statement", async () => {
  const text = service("const ip = packet.ipv4();\n    const §s: string = §ip.ttl;");
  expect(await codesAtMarks(text)).toEqual(["ZT1002", "ZT2002"]);
});

test("a parameter without a type is told, whatever else is wrong around it", async () => {
  const text = service("const f = (§n) => n;\n    const x = §nowhere;");
  expect(await codesAtMarks(text)).toEqual(["ZT1002", "ZT1002"]);
});

test("a package that is not there, and what is refused elsewhere", async () => {
  const text = body(
    "const x = helper(1);\n  const y: u8 = x;\n  const r = §/a/;",
    'import { helper } from §"./nowhere.ts";',
  );
  expect(await codesAtMarks(text)).toEqual(["ZT1023", "ZT1015"]);
});

test("what is refused in a module without mistakes is told of one that has some", async () => {
  const problems = await problemsOf(
    body("if (f(frame.length)) return Action.Drop;\n  const s: string = 5;", 'import { f } from "./other.ts";'),
    {
      "other.ts": "export const f = (n: u32) =>\n  n == 4;",
    },
  );
  expect(problems.map(({ code, at }) => `${code} ${at?.file}:${at?.line}`)).toEqual([
    "ZT1025 other.ts:2",
    "ZT1002 test.ts:4",
  ]);
});

test("statements that would run nowhere are told beside all that", async () => {
  const text = `const §limit: string = 5;\n§cpu();\nlimit.repeat(§nowhere);\n${body("const r = §/a/;")}`;
  expect(await codesAtMarks(text)).toEqual(["ZT1002", "ZT1027", "ZT1002", "ZT1015"]);
});

test("an any that is written is told beside a mistake of types", async () => {
  expect(await codesAtMarks(body("const §x: any = frame.length;\n  const §s: string = 5;"))).toEqual([
    "ZT1010",
    "ZT1002",
  ]);
});

test("of what is accepted, with a name misspelt, nothing is told but what TypeScript says", async () => {
  const odd: string[] = [];
  let misspelt = 0;
  for (const [index, { accepted }] of examples.entries()) {
    const names = [...accepted.matchAll(/\b[a-z]\w*/gi)];
    // Every twelfth: all of them take a minute.
    for (const { 0: name, index: at } of names.filter((_, i) => i % 12 === index % 12)) {
      const text = `${accepted.slice(0, at)}nowhere${accepted.slice(at + name.length)}`;
      const problems = await problemsOf(text);
      const isMisspelt = problems.some(({ code, message }) => code === "ZT1002" && message.includes("'nowhere'"));
      if (!isMisspelt) continue;
      misspelt++;
      for (const one of problems) if (one.code !== "ZT1002") odd.push(`${told(one)} ${one.message} of ${text}`);
    }
  }
  expect(misspelt).toBeGreaterThan(80);
  expect(odd).toEqual([]);
}, 60_000);
