/** A program as every toolchain and instruction-set level makes it: the kernel's verifier takes them all, and all do the same. */
import { expect, test } from "vitest";
import { COMBINATIONS, emitted } from "../backend/emit.ts";
import { kernel, type Packet } from "../kit/index.ts";
import { moduleOf } from "../kit/targets/compile.ts";

/** Declares the test. `sent` goes through each of the objects; all have `most` instructions at most. */
export const takenAsMadeByAll = (source: URL, most: number, sent: readonly Packet[]): void =>
  test("every toolchain's object is taken, does the same, and is no larger than it need be", async (context) => {
    const missing = await kernel.missing();
    if (missing !== null) return context.skip(`the kernel target needs ${missing}`);
    const compiled = await moduleOf(source);
    const results: string[][] = [];
    for (const combination of COMBINATIONS) {
      const { object, programs } = await emitted(compiled.module, combination);
      for (const { name, instructions } of programs)
        expect(instructions, `${name}, LLVM ${combination.llvm}, ${combination.cpu}`).toBeLessThanOrEqual(most);
      await using running = await kernel.load({ ...compiled, object });
      const outcomes = await running.run(...sent);
      results.push(outcomes.map(({ verdict, packet }) => `${verdict} ${Buffer.from(packet.bytes).toString("hex")}`));
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });
