/** Several CPUs at one small table at once, on the real kernel. */

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { load, testRunAsync, typedMap } from "../../runtime/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { tcp } from "../kit/index.ts";
import { checkTable, type DumpedWay } from "./dump.ts";

const lacking = [...missingCapabilities(), ...(availableParallelism() > 1 ? [] : ["a second CPU"])];
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;
const packet = tcp("10.0.0.1:1", "10.0.0.2:2").syn().bytes;
const ROUNDS = 8;
const REPEATS = 200_000;

const compiler = createCompiler();

// Many keys fill the table and pass each other in it; with few, CPUs meet at every key.
test.skipIf(reason !== "").each([300, 5])(
  `%i keys: none stands twice, is torn or taken for another${reason}`,
  async (keys) => {
    const source = fileURLToPath(new URL("./programs/hammer.ts", import.meta.url));
    const result = await compiler.compile(source);
    if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
    const { manifest, code } = result;
    using loaded = await load({ object: code.object, manifest }, { constants: { keys } });
    const map = (name: string) => {
      const data = manifest.maps.find((one) => one.name === name);
      if (data === undefined) throw new RangeError(name);
      return typedMap(loaded.map(name), data) as unknown as { get(key: number): unknown };
    };
    const seed = [...(loaded.globals.read("zeta_seed") as Iterable<bigint>)];
    const flows = map("flows");
    const hammer = loaded.program("hammer");
    for (let round = 0; round < ROUNDS; round++) {
      // Worker threads: the kernel puts them on different CPUs, and moves them as it likes.
      await Promise.all([0, 1, 2].map(() => testRunAsync(hammer, { packet, repeat: REPEATS })));
      const ways = [0, 1, 2, 3].flatMap((page) => [...(flows.get(page) as { ways: Iterable<DumpedWay> }).ways]);
      checkTable(ways, seed, true);
    }
    const all = map("counts").get(0) as Record<string, bigint>[];
    const total = (what: string): bigint => all.reduce((sum, one) => sum + (one[what] ?? 0n), 0n);
    const busyCpus = all.filter(({ inserted }) => (inserted ?? 0n) > 1000n);
    expect(busyCpus.length, "CPUs that took part").toBeGreaterThan(1);
    expect(total("torn")).toBe(0n);
    expect(total("foreign")).toBe(0n);
    expect(total("removed")).toBeGreaterThan(100_000n);
    expect(total("found")).toBeGreaterThan(100_000n);
    // That CPUs met at all shows in what only others can have caused.
    expect(total("there") + total("fallen") + total("busy")).toBeGreaterThan(0n);
  },
  120_000,
);
