/** `any` is refused where its author wrote it, or where a value of it is first used: once, and nothing else is told of it. */
import { describe, expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";

const filtering = (statements: string, declarations = "", parameters = "packet"): string =>
  `import { drop, events, middlebox, pass, service, u16, type u32 } from "zeta";
${declarations}
const box = middlebox("box", {
  state: { seen: events({ of: { port: u16 } }) },
  filter(${parameters}) {
    ${statements}
    return pass();
  },
});
export default service("example", { chain: [box] });`;

const refusesAny = async (marked: string): Promise<void> => {
  const { text, place } = withoutMark(marked);
  const problems = await problemsOf(text);
  expect(problems.map((problem) => [told(problem), problem.message])).toEqual([
    [`ZT1010 ${place}`, "'any' is not part of the language: a value of type 'any' has no width."],
  ]);
};

test.each([
  ["a call of it", "(packet as §any).foo();", ""],
  ["a pattern of it", 'const { a } = packet as §any;\n    if (a > 3) return drop("a");', ""],
  ["a pattern declared as it", 'const { §a, b }: any = packet;\n    if (a > b) return drop("a");', ""],
  ["a name for it", "(packet as §Anything).foo();", "type Anything = any;"],
  [
    "a function that gives it",
    'const §x = f(1);\n    if (x.foo.bar > 3) return drop("x");',
    "const f = (n: u32): any => n;",
  ],
  ["a member of what a function gives", "§f(1).foo();", "const f = (n: u32): any => n;"],
  ["a member of what a generic gives", "if (§id<any>(packet).foo > 1) return pass();", "const id = <T>(x: T): T => x;"],
  ["a member of a list of it", "const list = [1, 2] as any[];\n    if (§list[0].x > 1) return pass();", ""],
])("%s", async (_, statements, declarations) => {
  await refusesAny(filtering(statements, declarations));
});

describe("of a hook", () => {
  test("a parameter", async () => {
    await refusesAny(filtering('if (packet.length > 5) return drop("x");', "", "§packet: any"));
  });

  test("both parameters", async () => {
    await refusesAny(
      filtering("const { config } = own;\n    if (config.x > 5) return pass();", "", "§packet: any, own: any"),
    );
  });

  test("the parameter of one that decides", async () => {
    await refusesAny(filtering("").replace("filter(packet) {", "decide(§flow: any) {\n    return flow.forward();"));
  });
});

test("a type that a value has not is told by the member that it lacks", async () => {
  const { text, place } = withoutMark(filtering("(packet as unknown as { foo(): void }).§foo();"));
  const problems = await problemsOf(text);
  expect(problems.map(told)).toEqual([`ZT2020 ${place}`]);
  expect(problems[0]?.fix).toMatch(/^There is: .*\blength\b.*\bsource\b/);
});

test("`as const`, and a type of the language, are no any", async () => {
  const statements =
    "const limits = { most: [60, 1500] } as const;\n    if ((packet.length as u32) > limits.most[1]) return pass();";
  expect(await problemsOf(filtering(statements))).toEqual([]);
});
