/** Pools among a chain's decisions: they compose as endpoints do, and the last to speak of an end counts. */
import { expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { tcp } from "../kit/index.ts";
import { problemsOf, told, withoutMark } from "../language/harness.ts";

const pair = pairOf(new URL("./programs/pool-then-endpoint.ts", import.meta.url), {
  config: { "naming.pool": ["203.0.113.7"] },
});
const decide = (flows: unknown): void => pair.both((running) => running.config.set("deciding.flows", flows));
/** No two flows may leave with the same ends: their replies could not be told apart. */
const endsOf = (port: number) => ({ source: `192.0.2.1:${1110 + port}`, destination: "192.0.2.2:2222" });

test.each<[string, number, number, string, string]>([
  ["the source's pool, then a source", 1, 1, "192.0.2.1:1111", "10.1.0.1:80"],
  ["both pools, then both ends", 2, 3, "192.0.2.1:1112", "192.0.2.2:2222"],
  ["the source's pool, then both ends", 3, 3, "192.0.2.1:1113", "192.0.2.2:2222"],
  ["no pool, then a destination", 4, 2, "10.0.0.7:4", "192.0.2.2:2222"],
])("%s", async (_, port, change, source, destination) => {
  decide([{ key: port, value: { change, ...endsOf(port) } }]);
  const sent = tcp(`10.0.0.7:${port}`, "10.1.0.1:80").syn();
  const [outcome] = await pair.run([sent]);
  const [from, to] = [source, destination].map((each) => each.split(":") as [string, string]);
  expect(outcome?.packet.layers[1]).toMatchObject({ source: from?.[0], destination: to?.[0] });
  expect(outcome?.packet.layers[2]).toMatchObject({ sourcePort: Number(from?.[1]), destinationPort: Number(to?.[1]) });
  expect(outcome).toHaveVerdict("redirect");
});

const pool = (parts: string): string => `
import { endpoint, middlebox, portPool, service } from "zeta";
const box = middlebox("box", {
  config: { one: §portPool(${parts}), to: endpoint },
  decide: (flow, { config }) => flow.rewrite({ source: config.one }),
});
export default service("example", { chain: [box] });`;

test.each([
  ["a mapping that is none", '{ max: 4, mapping: "per-host" }'],
  ["no mapping", "{ max: 4 }"],
  ["no size", '{ mapping: "per-endpoint" }'],
])("%s is refused", async (_, parts) => {
  const { text, place } = withoutMark(pool(parts));
  const [line] = place.split(":");
  expect((await problemsOf(text)).map((problem) => told(problem).split(":")[0])).toContain(`ZT1002 ${line}`);
});

test("an endpoint or a pool, chosen by the packet, is refused: two kinds of value in one place", async () => {
  const { text } = withoutMark(
    pool('{ max: 4, mapping: "per-endpoint" }').replace(
      "source: config.one",
      "source: flow.sourcePort === 1 ? config.one : config.to",
    ),
  );
  expect((await problemsOf(text)).map(({ code }) => code)).toContain("ZT2017");
});
