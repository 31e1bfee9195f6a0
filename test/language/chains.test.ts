/** What may stand in a service's chain; what may not is refused where it stands. */
import { expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";

const serving = (chain: string, declarations = ""): string => `import { middlebox, pass, service } from "zeta";
const one = middlebox("one", { filter: () => pass() });
${declarations}
export default service("example", { chain: ${chain} });`;

test.each([
  ["nothing", "§[]", "", "ZT2026", "A service's chain has no middlebox, so nothing would see its packets."],
  [
    "a middlebox twice",
    "[one, §one]",
    "",
    "ZT2026",
    "The middlebox 'one' stands in the chain twice, with one config and one state.",
  ],
  [
    "two of one name",
    "[one, §two]",
    'const two = middlebox("one", { filter: () => pass() });',
    "ZT2022",
    "Two middleboxes of the chain are called 'one'.",
  ],
  [
    "an object",
    "[one, §{} as never]",
    "",
    "ZT2014",
    "Expected a middlebox, as `middlebox(...)` gives it, found an object.",
  ],
  ["a number", "[§5 as never]", "", "ZT2014", "Expected a middlebox, as `middlebox(...)` gives it, found 5."],
  [
    "a service",
    "[one, §inner as never]",
    'const inner = service("inner", { chain: [one] });',
    "ZT2014",
    "Expected a middlebox, as `middlebox(...)` gives it, found a service.",
  ],
  ["no list", "§one as never", "", "ZT2014", "Expected a list of middleboxes as 'chain', found a middlebox."],
  [
    "only what neither filters nor decides",
    "§[idle]",
    'const idle = middlebox("idle", {});',
    "ZT2026",
    "No middlebox of the chain filters or decides, so nothing would see the service's packets.",
  ],
])("%s", async (_, chain, declarations, code, message) => {
  const { text, place } = withoutMark(serving(chain, declarations));
  const problems = await problemsOf(text);
  expect(problems.map((problem) => [told(problem), problem.message])).toEqual([[`${code} ${place}`, message]]);
});

test("the options that are words take no others", async () => {
  const { text, place } = withoutMark(serving('[one], listen: §"nobody" as never'));
  const problems = await problemsOf(text);
  expect(problems.map((problem) => [told(problem), problem.message])).toEqual([
    [`ZT2014 ${place}`, `Expected 'listen' to be "addresses" or "all", found "nobody".`],
  ]);
});

test("a chain that is put together from others", async () => {
  expect(await problemsOf(serving("[...rest, one]", 'const rest = [middlebox("two", {})];'))).toEqual([]);
});
