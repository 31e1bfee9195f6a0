/** Every kind of field, as programs see it on both targets. */
import { beforeAll, describe, expect, test } from "vitest";
import { interpreter, kernel, type Outcome, type Running, tcp } from "../kit/index.ts";
import "../kit/matchers.ts";
import type { Compiled } from "../kit/targets/target.ts";
import { compiled, EVERY_FIELD } from "./services.ts";

const NO_SKIP = { skip() {} };

let source: Compiled;
beforeAll(async () => {
  const { module, manifest, code } = await compiled(EVERY_FIELD);
  source = { module, manifest, object: code.object };
});

describe.each([interpreter, kernel])("on the target $name", (target) => {
  const loaded = async (context: { skip(reason: string): void }): Promise<Running> => {
    const missing = await target.missing();
    if (missing !== null) context.skip(`the ${target.name} target needs ${missing}`);
    return target.load(source, { config: { "box.on": true } });
  };
  const packet = tcp("10.0.0.7:40000", "10.1.0.1:80").syn();
  const reason = async (running: Running): Promise<string | null> => ((await running.run(packet))[0] as Outcome).reason;

  test.each<[string, unknown, unknown, string]>([
    ["box.on", false, true, "off"],
    ["box.both", "10.0.0.1:80", "10.0.0.1:81", "both"],
    ["box.known", ["10.0.0.0/24"], ["10.0.1.0/24"], "known"],
    ["box.peers", [{ key: "10.0.0.7" }], [{ key: "10.0.0.8" }], "peer"],
    ["box.ranges", { "10.0.0.0/8": { from: 80, to: 80 } }, { "10.0.0.0/8": { from: 81, to: 90 } }, "range"],
    ["box.backends", ["10.0.0.7:40000"], ["10.0.0.7:40001"], "backend"],
  ])("%s is seen by the next packet", async (path, matching, other, expected) => {
    await using running = await loaded(NO_SKIP);
    expect(await reason(running)).toBeNull();
    running.config.set(path, matching);
    expect(await reason(running)).toBe(`box: ${expected}`);
    running.config.set(path, other);
    expect(await reason(running)).toBeNull();
  });

  test("tables by key, plain and structured, and choices by hash give their values", async (context) => {
    await using running = await loaded(context);
    running.config.set("box.ports", { 80: { weight: 100 } });
    running.config.set("box.pairs", [{ key: { port: 80, protocol: 6 }, value: 20 }]);
    running.config.set("box.numbers", [3]);
    await running.run(packet);
    expect(running.counters()).toEqual({
      "box.seen": 1n,
      "box.found": 123n,
      "box.traffic.packets": 1n,
      "box.traffic.bytes": BigInt(packet.bytes.length),
    });
  });

  test("events come with the config of their packet, in order, once", async (context) => {
    await using running = await loaded(context);
    running.config.set("box.limit", 5);
    await running.run(packet);
    running.config.set("box.limit", "18446744073709551615");
    await running.run(packet);
    expect(running.events("box.watch")).toEqual([
      { port: 80, limit: 5n },
      { port: 80, limit: 18446744073709551615n },
    ]);
    expect(running.events()).toEqual([]);
  });
});
