/** Test builds: time, random numbers and routes are the test's, the same on every target. */
import { beforeAll, describe, expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { createCompiler } from "../../compiler/index.ts";
import { interpreter, kernel, type Running, type TargetOptions, tcp } from "../kit/index.ts";
import "../kit/matchers.ts";
import type { Compiled } from "../kit/targets/target.ts";

const SOURCE = `
import { Action, clock, map, program, random, struct, u32, u64 } from "zeta/bpf";
const times = map.array({ value: struct({ monotonic: u64, coarse: u64, boot: u64, ticks: u64, first: u32, second: u32 }), max: 1 });
export const look = program("look", () => {
  const at = times.at(0);
  if (at === null) return Action.Pass;
  at.monotonic = clock("monotonic");
  at.coarse = clock("coarse");
  at.boot = clock("boot");
  at.ticks = clock("jiffies");
  at.first = random();
  for (let i = 0; i < 3; i++) at.second = random();
  return Action.Drop;
});
`;
const BALANCER = new URL("../../examples/balancer/service.ts", import.meta.url);

let source: Compiled;
beforeAll(async () => {
  const files = new Map([["/test-build/look.ts", SOURCE]]);
  const result = await createCompiler({ testBuild: true }).compile("/test-build/look.ts", { files });
  if (!result.ok) throw new ZetaError(result.problems);
  source = { module: result.module, manifest: result.manifest, object: result.code.object };
});

/** SplitMix64's first step from 7, its upper half. */
const NUMBER_OF_SEED_7 = 696428785;

const packet = tcp("10.0.0.7:40000", "10.1.0.1:80").syn();

describe.each([interpreter, kernel])("on the target $name", (target) => {
  let missing: string | null = null;
  beforeAll(async () => {
    missing = await target.missing();
  });
  const load = (context: { skip(reason: string): void }, options: TargetOptions): Promise<Running> => {
    if (missing !== null) context.skip(`the ${target.name} target needs ${missing}`);
    return target.load(source, options);
  };
  const look = async (running: Running) => {
    await running.run(packet);
    return running.map("times").get(0) as Record<string, unknown>;
  };

  test("every clock stands where the test put it, until it is advanced", async (context) => {
    await using running = await load(context, { clock: 8_000_000_000n });
    const start = { monotonic: 8_000_000_000n, coarse: 8_000_000_000n, boot: 8_000_000_000n, ticks: 2000n };
    expect(await look(running)).toMatchObject(start);
    expect(await look(running)).toMatchObject(start);
    running.advance("1s");
    expect(await look(running)).toMatchObject({ monotonic: 9_000_000_000n, ticks: 2250n });
  });

  test("the seed decides the random numbers", async (context) => {
    await using one = await load(context, { seed: 7 });
    await using same = await load(context, { seed: 7 });
    await using other = await load(context, { seed: 8 });
    const [first, again, different] = [await look(one), await look(same), await look(other)];
    expect(again).toEqual(first);
    expect(different.first).not.toBe(first.first);
    expect(first.second).not.toBe(first.first);
    expect((await look(one)).first).not.toBe(first.first);
    // The same on every target and every machine.
    expect(first.first).toBe(NUMBER_OF_SEED_7);
  });

  test("routes lead where the test says", async (context) => {
    if (missing !== null) return context.skip(`the ${target.name} target needs ${missing}`);
    const config = { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": ["10.2.0.1:8080"] };
    await using routed = await target.load(BALANCER, { config, route: 9 });
    const [sent] = await routed.run(packet);
    expect(sent).toHaveVerdict("forward");
    expect(sent?.nextHop).toBe("02:01:0a:02:00:01");
    await using nowhere = await target.load(BALANCER, { config, route: null });
    expect((await nowhere.run(packet))[0]).toHaveVerdict("pass");
  });
});
