/** Strings name things: what JavaScript does with them beyond that is called by its word, at its place. */
import { describe, expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";
import { body } from "./refusals.ts";

const NO_STRINGS = "is not part of the language: strings cannot be built or examined in the data path.";

describe("what is no part of the language", () => {
  test.each([
    ['const x = "a".§repeat(3);', "ZT1017", `'repeat' of a string ${NO_STRINGS}`],
    ['if ("abc".§length > 2) return Action.Drop;', "ZT1017", `'length' of a string ${NO_STRINGS}`],
    [`const x = \`a\${1}\`.§toUpperCase();`, "ZT1017", `'toUpperCase' of a string ${NO_STRINGS}`],
    ['const x = §"abc"[0];', "ZT1017", `A character of a string ${NO_STRINGS}`],
    [`const x = \`length \${§frame.length}\`;`, "ZT1017", "Strings cannot be built or examined in the data path."],
    ["const x = §String.raw`a`;", "ZT1020", "A tagged template is not part of the language."],
    ['for (const c of §"abc") frame.cursor();', "ZT1020", "Iterating over a string is not part of the language."],
    ['const x = [§..."abc"];', "ZT1020", "Spreading a string into a list is not part of the language."],
    ["const x = frame.length.§toString();", "ZT2020", "There is no 'toString' of a u32."],
    ['const x = §u32("5" as never);', "ZT2014", "Expected a number, found the text '5'."],
  ])("%s", async (statement, code, message) => {
    const { text, place } = withoutMark(body(statement));
    const problems = await problemsOf(text);
    expect(problems.map((problem) => [told(problem), problem.message])).toEqual([[`${code} ${place}`, message]]);
  });
});
