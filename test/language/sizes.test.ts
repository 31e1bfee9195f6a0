/** Sizes that authors declare: a whole number of a range, and the rule stands at the number that breaks it. */
import { describe, expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";
import { body } from "./refusals.ts";

const IMPORTS =
  'import { binding, boundedTable, events, maglev, middlebox, pass, portPool, prefixes, rateLimiter, service, table, u32, u64 } from "zeta";';

/** A service whose middlebox has these fields. */
const withFields = (config: string, state: string): string => `${IMPORTS}
const box = middlebox("box", {
  config: { ${config} },
  state: { ${state} },
  filter: () => pass(),
});
export default service("example", { chain: [box] });`;

const ENTRIES = "a whole number from 1 to 2147483648";

async function expectRefused(marked: string, message: string): Promise<void> {
  const { text, place } = withoutMark(marked);
  const problems = await problemsOf(text);
  expect(problems.map((problem) => [told(problem), problem.message])).toEqual([[`ZT2026 ${place}`, message]]);
}

describe("config and state", () => {
  test.each([
    ["table({ key: u32, of: u32, max: §1.5 })", "", "'max'", ENTRIES, "1.5"],
    ["prefixes({ of: {}, max: §-1 })", "", "'max'", ENTRIES, "-1"],
    ["prefixes({ of: {}, max: §0 / 0 })", "", "'max'", ENTRIES, "0"],
    ["prefixes({ of: {}, max: §2 ** 40 })", "", "'max'", ENTRIES, "1099511627776"],
    ['prefixes({ of: {}, max: §"5" as never })', "", "'max'", ENTRIES, "a string"],
    ["prefixes({ of: {}, max: §5n as never })", "", "'max'", ENTRIES, "5n"],
    ["maglev({ of: u32, max: §65536 })", "", "'max'", "a whole number from 1 to 65535", "65536"],
    ["maglev({ of: u32, max: 4, tableSize: §1 })", "", "'tableSize'", "a whole number from 2 to 16777216", "1"],
    ['portPool({ max: §0, mapping: "per-endpoint" })', "", "'max'", ENTRIES, "0"],
    [
      'portPool({ max: 1, mapping: "per-endpoint", forwards: §-1 })',
      "",
      "'forwards'",
      "a whole number from 0 to 2147483648",
      "-1",
    ],
    ["", 'rateLimiter({ key: u32, max: §1e21, scope: "node" })', "'max'", ENTRIES, "1e+21"],
    ["", "boundedTable({ key: u32, of: u32, max: §1.5 })", "'max'", ENTRIES, "1.5"],
    ["", "binding({ key: u32, of: u64, max: §-(2 ** 31) })", "'max'", ENTRIES, "-2147483648"],
    ["", "events({ of: u32, buffer: §4096.5 })", "'buffer'", ENTRIES, "4096.5"],
  ])("%s%s", async (config, state, what, rule, given) => {
    const text = withFields(config && `field: ${config}`, state && `field: ${state}`);
    await expectRefused(text, `${what} must be ${rule}, and is ${given}.`);
  });

  test("a number that is named is refused where it is used", async () => {
    const text = withFields("field: prefixes({ of: {}, max: §MOST })", "").replace(
      "const box",
      "const MOST = 0.5;\nconst box",
    );
    await expectRefused(text, `'max' must be ${ENTRIES}, and is 0.5.`);
  });

  test("a ring buffer's bytes, and a Maglev table's slots, have rules of their own", async () => {
    const ring = "A ring buffer's size is a power of two of at least 4096 bytes, not 5000.";
    await expectRefused(withFields("", "field: events({ of: u32, buffer: §5000 })"), ring);
    const slots = "A Maglev table's size is a prime, and 100 is not.";
    await expectRefused(withFields("field: maglev({ of: u32, max: 4, tableSize: §100 })", ""), slots);
  });
});

describe("the system layer", () => {
  test.each([
    ["map.hash({ key: u32, value: u32, max: §1.5 })", `'max' must be ${ENTRIES}, and is 1.5.`],
    ["map.array({ value: u32, max: §2 ** 40 })", `'max' must be ${ENTRIES}, and is 1099511627776.`],
    ["map.ringBuffer({ max: §-4096 })", `'max' must be ${ENTRIES}, and is -4096.`],
    ["map.bloom({ value: u32, max: 1, hashes: §16 })", "'hashes' must be a whole number from 1 to 15, and is 16."],
    ["array(u8, §1.5)", "An array's length must be a whole number from 1 to 2147483647, and is 1.5."],
    ["bits({ a: §1.5, b: 6.5 })", "The width of 'a' must be a whole number from 1 to 32, and is 1.5."],
    [
      'program("one", () => Action.Pass, { slot: { table: stages, index: §4 } })',
      "'index' must be a whole number from 0 to 3, and is 4.",
    ],
  ])("%s", async (declaration, message) => {
    const declarations = `const stages = map.programs({ max: 4 });\nexport const one = ${declaration};`;
    await expectRefused(body("stages.call(1);", declarations), message);
  });
});
