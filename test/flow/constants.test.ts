/** What a node's objects are loaded with. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { load, testRun, typedMap } from "../../runtime/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { tickRate } from "../../runtime/loader/ticks.ts";
import { flowConstants, shiftOf } from "../../runtime/node/flow-constants.ts";
import { tcp } from "../kit/index.ts";

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;
const packet = tcp("10.0.0.1:1", "10.0.0.2:2").syn().bytes;

test("a span lasts at least a sixteenth of a second, at most an eighth", () => {
  for (const perSecond of [100, 250, 300, 1000]) {
    const span = 2 ** shiftOf(perSecond) / perSecond;
    expect(span).toBeGreaterThanOrEqual(1 / 16);
    expect(span).toBeLessThan(1 / 8);
  }
});

test("seeds differ from node to node", async () => {
  const [a, b] = [await flowConstants(), await flowConstants()];
  expect(a.zeta_seed).toHaveLength(11);
  expect(new Set([...a.zeta_seed, ...b.zeta_seed]).size).toBe(22);
});

test.skipIf(reason !== "")(`the tick rate is the one that the kernel's ticks go by${reason}`, async () => {
  const result = await compile(fileURLToPath(new URL("./programs/ticking.ts", import.meta.url)));
  if (!result.ok) throw new Error("it does not compile");
  const { manifest, code } = result;
  using loaded = await load({ object: code.object, manifest });
  const data = manifest.maps.find(({ name }) => name === "times");
  if (data === undefined) throw new Error("it has no times");
  const times = typedMap(loaded.map("times"), data) as unknown as {
    get(key: number): { readonly ticks: bigint; readonly nanoseconds: bigint };
  };
  const now = () => {
    testRun(loaded.program("ticking"), { packet });
    return times.get(0);
  };
  const first = now();
  let last = first;
  // At the slowest rate half a second.
  while (last.ticks - first.ticks < 50n) last = now();
  const seconds = Number(last.nanoseconds - first.nanoseconds) / 1e9;
  const measured = Number(last.ticks - first.ticks) / seconds;
  const told = await tickRate();
  expect([100, 250, 300, 1000]).toContain(told);
  expect(Math.abs(measured - told) / told).toBeLessThan(0.1);
});
