/** What no kernel would load is refused before one is asked, at its place; its neighbours are accepted, and load. */
import { describe, expect, test } from "vitest";
import { emitObject } from "../../compiler/backend/index.ts";
import { improve } from "../../compiler/passes/index.ts";
import { load } from "../../runtime/loader/load.ts";
import { kernel } from "../kit/index.ts";
import { lowered } from "../passes/lowered.ts";

const HEAD = `import { array, local, loop, map, program, subprogram, u32, u64, variable } from "zeta/bpf";
const seen = variable(u64, 0n);
const stages = map.programs({ max: 4 });
`;

/** A row of functions that each make a tail call, and so must stay functions. */
const row = (length: number): string =>
  Array.from({ length }, (_, i) => {
    const deeper = i === 0 ? "n" : `f${i - 1}(n + 1)`;
    return `const f${i} = subprogram("f${i}", (n: u32): u32 => {\n  stages.call(n);\n  return ${deeper};\n});\n`;
  }).join("");

const jumping = (words: number): string => `
const jump = subprogram("jump", (n: u32): u32 => {
  stages.call(n);
  return n + 1;
});
export default program("jumps", (frame) => {
  const large = local(array(u64, ${words}));
  for (let i = 0; i < ${words}; i++) large[i] = seen.value + u64(i);
  const result = jump(frame.length & 3);
  let sum: u64 = 0n;
  for (let i = 0; i < ${words}; i++) sum += large[i] ?? 0n;
  seen.value = sum;
  return result;
});`;

const turning = (outer: string): string => `
export default program("turns", (frame) => {
  let sum: u64 = 0n;
  ${outer} {
    for (let j = 0; j < 64; j++) {
      sum += seen.value;
      if ((frame.length & j) > 7) sum ^= 5n;
    }
  }${outer.startsWith("loop") ? ");" : ""}
  seen.value = sum;
  return 2;
});`;

const refused = [
  {
    what: "calls within calls that cannot be put together",
    code: "ZT3007",
    line: 40,
    text: `${row(9)}export default program("deep", (frame) => f8(frame.length));`,
    accepted: `${row(7)}export default program("deep", (frame) => f6(frame.length));`,
  },
  { what: "a tail call above too much stack", code: "ZT3008", line: 5, text: jumping(33), accepted: jumping(16) },
  {
    what: "loops in loops",
    code: "ZT3009",
    line: 7,
    text: turning("for (let i = 0; i < 4000; i++)"),
    accepted: turning("loop(4000, () =>"),
  },
];

describe.each(refused)("$what", ({ code, line, text, accepted }) => {
  test("are refused at their line", async () => {
    const result = await emitObject(improve(lowered(HEAD + text)));
    expect(result.ok ? [] : result.problems).toMatchObject([{ code, at: { line } }]);
  });

  test("have a neighbour that loads", async (context) => {
    const missing = await kernel.missing();
    if (missing !== null) return context.skip(`the kernel's side needs ${missing}`);
    for (const cpu of ["v2", "v3"] as const) {
      const result = await emitObject(improve(lowered(HEAD + accepted)), { cpu });
      if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
      const loaded = await load(result.code.object, { name: "limits" });
      loaded.close();
    }
  });
});

test("what a turn of the kernel's own loop has to itself takes no stack of the caller", async () => {
  const values = Array.from(
    { length: 24 },
    (_, i) => `    let v${i} = seen.value + ${i}n;\n    if (v${i} > 9n) v${i} ^= seen.value;\n`,
  );
  const sum = values.map((_, i) => `v${i}`).join(" ^ ");
  const text = `export default program("turns", (frame) => {
  let sum: u64 = 0n;
  loop(frame.length, () => {
${values.join("")}    sum += ${sum};
  });
  seen.value = sum;
  return 2;
});`;
  const result = await emitObject(improve(lowered(HEAD + text)));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  expect(result.code.programs).toMatchObject([{ name: "turns" }]);
  // The callback spills what it has no register for; the caller shares the sum with it.
  expect(result.code.programs[0]?.stack).toBeLessThanOrEqual(320);
});
