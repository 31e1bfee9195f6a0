/** Chains of calls are made to fit the kernel's eight frames, and mean the same after. */
import { expect, test } from "vitest";
import { createMachine } from "../../compiler/interpreter/index.ts";
import { verifyModule } from "../../compiler/ir/verify.ts";
import { chains, fitFrames, MOST_FRAMES } from "../../compiler/passes/call-depth.ts";
import { lowered } from "./lowered.ts";

/** Functions that call one another in a row, with loops, early results and wide numbers in them. */
const chain = (length: number, calls = 1): string => {
  const names = Array.from({ length }, (_, i) => `f${i}`);
  const functions = names.map((name, i) => {
    const next = names[i + 1];
    const deeper =
      next === undefined ? "wide + u64(total)" : Array(calls).fill(`${next}(total, wide ^ ${i}n)`).join(" + ");
    return `const ${name} = subprogram("${name}", (a: u32, wide: u64): u64 => {
  let total = 0;
  for (let i = 0; i < 4; i++) {
    if (a + i > 60) return wide + ${i}n;
    total += a;
  }
  return ${deeper};
});`;
  });
  return `import { program, subprogram, u32, u64 } from "zeta/bpf";
${functions.reverse().join("\n")}
export default program("main", (frame) => u32(f0(frame.length, 5n) + f0(3, 9n)));`;
};

const framesOf = (module: ReturnType<typeof lowered>): readonly number[] =>
  module.programs.map((p) => chains(module)(p).frames);

test.each([8, 9, 14])("a program with a chain of %i functions", (length) => {
  const module = lowered(chain(length));
  const fitting = fitFrames(module);
  verifyModule(fitting);
  expect([framesOf(module), framesOf(fitting)]).toEqual([[length + 1], [MOST_FRAMES]]);
  const [before, after] = [createMachine(module), createMachine(fitting)];
  for (let bytes = 0; bytes < 80; bytes++) {
    const packet = new Uint8Array(bytes);
    expect(after.run("main", packet)).toEqual(before.run("main", packet));
  }
});

test("a chain that fits stays as it is", () => {
  const module = lowered(chain(7));
  expect(fitFrames(module)).toBe(module);
});

test("a chain that could only fit by growing without measure stays too long", () => {
  const module = lowered(chain(60, 6));
  expect(framesOf(fitFrames(module))[0]).toBeGreaterThan(MOST_FRAMES);
});
