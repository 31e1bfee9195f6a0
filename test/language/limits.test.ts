/** What a service has room for, and the names that its parts may have: what does not fit is refused, not left uncounted. */
import { describe, expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";

const IMPORTS =
  'import { boundedTable, counter, drop, events, meter, middlebox, pass, rateLimiter, service, table, u16, u32 } from "zeta";';

const serving = (config: string, state: string, statements = "", chain = "[box]"): string => `${IMPORTS}
const box = middlebox("box", {
  config: { ${config} },
  state: { ${state} },
  filter(packet, { config, state }) {
    ${statements}
    return pass();
  },
});
export default service("example", { chain: ${chain} });`;

const many = (count: number, text: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(", ");

async function expectRefused(marked: string, code: string, message: string): Promise<void> {
  const { text, place } = withoutMark(marked);
  const problems = await problemsOf(text);
  expect(problems.map((problem) => [told(problem), problem.message])).toEqual([[`${code} ${place}`, message]]);
}

describe("of each kind of state there is room for so many", () => {
  test.each([
    [
      "counters and streams of events together",
      256,
      (i: number) => (i % 2 ? `c${i}: counter()` : `c${i}: events({ of: u32 })`),
    ],
    ["meters", 64, (i: number) => `m${i}: meter()`],
    [
      "rate limiters of the service as a whole",
      64,
      (i: number) => `l${i}: rateLimiter({ key: u32, max: 4, scope: "service" })`,
    ],
  ])("%s", { timeout: 60_000 }, async (what, most, field) => {
    expect(await problemsOf(serving("", many(most, field)))).toEqual([]);
    const message = `A service has at most ${most} ${what}, and this one ${most + 1}.`;
    await expectRefused(serving("", many(most + 1, field), "", "§[box]"), "ZT2026", message);
  });

  test("reasons to drop, and one more is told once", { timeout: 60_000 }, async () => {
    const drops = (count: number, mark = "") =>
      Array.from(
        { length: count },
        (_, i) => `if (packet.length === ${i}) return drop(${i === 256 ? mark : ""}"d${i}");`,
      );
    expect(await problemsOf(serving("", "", drops(256).join("\n")))).toEqual([]);
    const message = "A service counts at most 256 reasons to drop, and this is one more.";
    await expectRefused(serving("", "", drops(270, "§").join("\n")), "ZT2026", message);
  });

  test("middleboxes", async () => {
    const boxes = (count: number) => `[${many(count, (i) => `middlebox("box-${i}", { filter: () => pass() })`)}]`;
    expect(await problemsOf(serving("", "", "", boxes(64)))).toEqual([]);
    const message = "A chain has at most 64 middleboxes, and this one 65.";
    await expectRefused(serving("", "", "", `§${boxes(65)}`), "ZT2026", message);
  });
});

describe("two fields never share a map", () => {
  const bounded = "boundedTable({ key: u16, of: u16, max: 4 })";

  test("of one middlebox", async () => {
    const text = serving("seen: table({ key: u16, of: u16, max: 4 })", `seen: ${bounded}`, "", "§[box]");
    await expectRefused(text, "ZT2026", "config 'box.seen' and state 'box.seen' would be one map.");
  });

  test("of two whose names meet", async () => {
    const two = `[middlebox("a-b", { state: { c: ${bounded} }, filter: () => pass() }), middlebox("a", { state: { b_c: ${bounded} }, filter: () => pass() })]`;
    await expectRefused(serving("", "", "", `§${two}`), "ZT2026", "state 'a-b.c' and state 'a.b_c' would be one map.");
  });

  test("and what has no map may share a name", async () => {
    expect(await problemsOf(serving("seen: u32", `seen: ${bounded}`))).toEqual([]);
  });
});

describe("names", () => {
  test.each([
    ['§"a-b": u32', "'a-b' cannot name a field of 'config'."],
    ['§"a.b": u32', "'a.b' cannot name a field of 'config'."],
    ['§"": u32', "'' cannot name a field of 'config'."],
    ["§größe: u32", "'größe' cannot name a field of 'config'."],
    [`§${"a".repeat(48)}: u32`, `'${"a".repeat(48)}' cannot name a field of 'config'.`],
  ])("%s", async (field, message) => expectRefused(serving(field, ""), "ZT2023", message));

  test("a field as long as its maps' names let it be", async () => {
    const name = "a".repeat(47);
    const text = serving(
      `${name}: table({ key: u16, of: u16, max: 4 })`,
      "",
      `if (config.${name}.has(5)) return drop("x");`,
    );
    expect(await problemsOf(text)).toEqual([]);
  });

  test.each([
    ["", "'' cannot name a reason to drop."],
    ["a\\n", "'a\\n' cannot name a reason to drop."],
    ["x".repeat(64), `'${"x".repeat(64)}' cannot name a reason to drop.`],
  ])("a reason to drop: '%s'", async (reason, message) =>
    expectRefused(serving("", "", `if (packet.length > 5) return drop(§"${reason}");`), "ZT2023", message),
  );

  test("the rule of a middlebox's name is that of middleboxes", async () => {
    const { text } = withoutMark(serving("", "").replace('"box"', '"Box"'));
    expect((await problemsOf(text)).map(({ code, fix }) => [code, fix])).toEqual([
      ["ZT2023", "Use a lower-case letter, then lower-case letters, digits or '-', at most 31."],
    ]);
  });
});

test("a module has one service, which may have two names", async () => {
  const exporting = (text: string) => serving("", "").replace(/export default .*$/s, text);
  const two =
    'export const one = service("one", { chain: [box] });\nexport const §two = service("two", { chain: [box] });';
  await expectRefused(exporting(two), "ZT2026", "A module exports one service, and this one exports 'one' and 'two'.");
  const again = 'export const one = service("one", { chain: [box] });\nexport default one;';
  expect(await problemsOf(exporting(again))).toEqual([]);
});

describe("where a value comes to be stored by code that is not its author's", () => {
  const deciding = (decide: string): string => `${IMPORTS}
const box = middlebox("box", { decide(flow) { ${decide} } });
export default service("example", { chain: [box] });`;

  test.each([
    ["flow.sourcePort + 1", "ZT2004", "A u32 does not always fit u16."],
    ["70000", "ZT2006", "70000 is outside the range of u16."],
  ])("%s as a port is refused at the value", async (port, code, message) => {
    await expectRefused(
      deciding(`return flow.rewrite({ destination: { address: flow.source, port: §${port} } });`),
      code,
      message,
    );
  });

  test("what is wrong in a hook is told alone, though a return is in it", async () => {
    const statements = '§for (;;) { if (packet.length > 5) return drop("x"); }';
    const { text, place } = withoutMark(serving("", "", statements).replace("return pass();", ""));
    expect((await problemsOf(text)).map(told)).toEqual([`ZT2001 ${place}`]);
  });

  test("a hook that gives no verdict is refused at the hook", async () => {
    const given = (value: string) =>
      serving("", "")
        .replace("filter(packet, { config, state })", "§filter()")
        .replace("return pass()", `return ${value} as never`);
    await expectRefused(given("undefined"), "ZT2014", "Expected 'filter' to give a verdict on every path, found null.");
    await expectRefused(given("5"), "ZT2014", "Expected 'filter' to give a verdict on every path, found 5.");
  });
});

describe("a value known while compiling must fit", () => {
  const program = (
    statements: string,
    module = "",
  ): string => `import { Action, array, constant, local, program, struct, u8, variable } from "zeta/bpf";
${module}
export default program("example", () => {
  ${statements}
  return Action.Pass;
});`;

  test.each([
    [
      "an item of a list",
      "const l = local(struct({ a: array(u8, 3) }));\n  l.a = [1, 2, §300];",
      "",
      "300 is outside the range of u8.",
    ],
  ])("%s", async (_, statements, module, message) => expectRefused(program(statements, module), "ZT2006", message));

  test("global data", async () => {
    const wide = program("c.value;", "const c = constant(u8, §300);");
    await expectRefused(wide, "ZT2026", "The initial value is none of its layout: 300 does not fit u8.");
    const missing = program("v.value.a = 5;", "const v = variable(struct({ a: u8, b: u8 }), §{ a: 1 } as never);");
    await expectRefused(missing, "ZT2021", "The field 'b' is missing.");
  });
});
