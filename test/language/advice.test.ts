/** What someone who comes from JavaScript writes first, and what is said of it: the code, the place, and a way that leads on. */
import { expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";
import { body } from "./refusals.ts";

const CURSOR = "const h = frame.cursor().take(tcpHeader);\n  if (h === null) return Action.Drop;";
const TABLE = "const table = map.hash({ key: u32, value: u32, max: 4 });";

/** Code, what is said of it, what is advised, statements, declarations of the module. */
const programs: readonly (readonly [string, RegExp, RegExp, string, string?])[] = [
  // Lists and objects that live on
  ["ZT2020", /no 'push' of a list/, /map|local/, "const seen: number[] = [];\n  seen.§push(frame.length);"],
  [
    "ZT2020",
    /no 'includes' of a list/,
    /for \(const item of list\)/,
    "if ([80, 443].§includes(frame.length)) return Action.Drop;",
  ],
  ["ZT2015", /a list stays/, /local\(struct/, "const counts = [0, 0];\n  §counts[0] = frame.length;"],
  [
    "ZT1018",
    /list of 1 and a list of 0/,
    /local\(struct/,
    "let seen: number[] = [];\n  for (let i = 0; i < 4; i++) §seen = [...seen, i];",
  ],
  [
    "ZT1018",
    /list of 1 and a list of 2/,
    /local\(struct/,
    "const ports = §frame.length > 60 ? [80, 443] : [80];\n  if (ports.length > 1) return Action.Drop;",
  ],
  [
    "ZT1018",
    /A list cannot be kept where a u32 lies/,
    /one of its values/,
    "table.set(1, §[frame.length] as never);",
    TABLE,
  ],
  [
    "ZT1018",
    /A map exists only while compiling/,
    /map of maps/,
    "let one = table;\n  if (frame.length > 60) §one = other;\n  one.delete(1);",
    `${TABLE} const other = map.hash({ key: u32, value: u32, max: 4 });`,
  ],
  [
    "ZT2015",
    /'packets' belongs to a constant of the module/,
    /variable\(layout, initial\)/,
    "§stats.packets += 1;",
    "const stats = { packets: 0 };",
  ],
  ["ZT1011", /'new Map'/, /map\.hash/, "const seen = §new Map<number, number>();"],
  [
    "ZT1011",
    /'new Set'/,
    /boundedTable/,
    "if (allowed.has(frame.length)) return Action.Drop;",
    "const allowed = §new Set([80, 443]);",
  ],
  // Fractions
  ["ZT1016", /^0\.1 is not a whole/, /multiply before you divide/, "if (random() < §0.1) return Action.Drop;"],
  ["ZT1016", /^0\.1 is not a whole/, /smaller units/, "let n = 0;\n  for (let i = 0; i < 1; i += §0.1) n++;"],
  ["ZT2020", /no 'random' of Math/, /`random\(\)` of `zeta\/bpf`/, "if (Math.§random() < 0.1) return Action.Drop;"],
  ["ZT2020", /no 'floor' of Math/, /max\. Division truncates by itself\.$/, "const n = Math.§floor(frame.length / 3);"],
  ["ZT2020", /no 'ceil' of Math/, /\(n \+ d - 1\) \/ d/, "const n = Math.§ceil(frame.length / 3);"],
  // Words of JavaScript that are written another way here
  ["ZT1020", /^'var'/, /`const`, or `let`/, "§var n = 5;"],
  ["ZT1020", /^'for…in'/, /`for \(const item of list\)`/, "§for (const name in { a: 1 }) log(name);"],
  ["ZT1022", /^'console'/, /`events`.*`log\(format/, "§console.log(frame.length);"],
  ["ZT1029", /^'count'/, /`counter\(\)`, `boundedTable/, "count++;", "let §count = 0;"],
  ["ZT1017", /^Strings/, /a drop's too.*`events`/, `const name = \`length \${§frame.length}\`;`],
  ["ZT2014", /found '10\.0\.0\.0\/8'/, /`prefixes`.*0xff000000/, 'const n = §address("10.0.0.0/8");'],
  // What is looked up
  [
    "ZT1019",
    /which item 'frame\.length & 3'/,
    /`table` or a `switch`/,
    "const x = §NAMES[frame.length & 3];",
    "const NAMES = [1, 2, 3, 4];",
  ],
  [
    "ZT1019",
    /which item 'i'/,
    /for \(const item of list\)/,
    "const ports = [80, 443];\n  for (let i = 0; i < ports.length; i++) if (§ports[i] === frame.length) return Action.Drop;",
  ],
  [
    "ZT1019",
    /which property 'frame\.length'/,
    /`map\.hash`/,
    "const weights: Record<number, number> = { 80: 1, 443: 2 };\n  const w = §weights[frame.length];",
  ],
  [
    "ZT1019",
    /which property 'frame\.length'/,
    /`boundedTable`/,
    "const counts: Record<number, number> = {};\n  §counts[frame.length] = 1;",
  ],
  ["ZT1019", /no elements in a view/, /Name the field/, `${CURSOR}\n  const first = §(h as unknown as number[])[0];`],
  [
    "ZT1019",
    /no elements in a frame/,
    /frame\.cursor\(12\)\.take\(u8\)/,
    "const first = §(frame as unknown as Uint8Array)[12];",
  ],
  [
    "ZT2014",
    /a struct value of n, found an object/,
    /./,
    "const o = { size: 1 };\n  flows.set(1, §o as never);",
    "const flows = map.hash({ key: u32, value: struct({ n: u32 }), max: 4 });",
  ],
];

const rows = programs.map(([code, message, advice, statements, module]) => ({
  code,
  message,
  advice,
  statements,
  module,
}));
test.each(rows)("$code $message: $advice", async ({ code, message, advice, statements, module }) => {
  const { text, place } = withoutMark(body(statements, module));
  const problems = await problemsOf(text);
  expect(problems.map(told)).toEqual([`${code} ${place}`]);
  expect(problems[0]?.message).toMatch(message);
  expect(problems[0]?.fix).toMatch(advice);
});
