/** Clocks that move on once in milliseconds are read once for a packet; those that tell nanoseconds, as often as they are asked. */
import { expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { emitted } from "./emit.ts";

const TOOLCHAINS = [14, 16, 19];
/** The kernel's numbers of the helpers. */
const HELPERS = { monotonic: 5, coarse: 160, jiffies: 118 } as const;

const asking = (kind: string): string => `
import { Action, clock, map, program, u32, u64, struct } from "zeta/bpf";
const seen = map.array({ value: struct({ first: u64, last: u64 }), max: 1 });
export default program("asking", (frame) => {
  const to = seen.at(0);
  if (to === null) return Action.Drop;
  to.first = clock("${kind}");
  if (frame.length > 100) to.last = clock("${kind}");
  return Action.Pass;
});`;

test.each(TOOLCHAINS)("LLVM %i", async (llvm) => {
  const compiler = createCompiler();
  for (const [kind, helper] of Object.entries(HELPERS)) {
    const path = "/clocks/asking.ts";
    const lowered = await compiler.lower(path, { files: new Map([[path, asking(kind)]]) });
    if (!lowered.ok) throw new Error(lowered.problems.map(({ message }) => message).join("\n"));
    const { assembly } = await emitted(lowered.module, { llvm, emit: ["assembly"] });
    const calls = (assembly ?? "").split("\n").filter((line) => new RegExp(`call ${helper}$`).test(line.trim()));
    expect([kind, calls.length]).toEqual([kind, kind === "monotonic" ? 2 : 1]);
  }
});
