/** Port pools as the commit of a decision sees them: addresses by hash, ports, static forwards, by generation. */
import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "../../sdk/layout/address.ts";
import { pairOf } from "../headers/pair.ts";
import { random, tcp, udp } from "../kit/index.ts";

const pair = pairOf(new URL("./programs/pools.ts", import.meta.url), { config: { "asking.other": ["192.0.2.1"] } });
const configure = (value: unknown): void => pair.both((running) => running.config.set("asking.external", value));

interface Answer {
  readonly address: bigint;
  readonly first: number;
  readonly last: number;
  readonly has: number;
  readonly inside: bigint;
  readonly insidePort: number;
  readonly external: bigint;
  readonly externalPort: number;
}
const answer = (port: number) => pair.both((running) => running.map("asking_answers").get(port)) as Answer;
const numbers = (pool: number) => pair.both((running) => running.map("asking_numbers").get(pool));

/** What the pool picks for a hash, which rides in the sequence number. */
async function picked(hash: number, from = "10.0.0.7:4000"): Promise<{ of: string; first: number; last: number }> {
  const to = from.startsWith("[") ? "[2001:db8::99]:80" : "192.0.2.99:80";
  await pair.run([tcp(from, to).syn({ tcp: { sequence: hash } })]);
  const { address, first, last } = answer(4000);
  return { of: formatAddress(address), first, last };
}

const addresses = (from: number, count: number) => Array.from({ length: count }, (_, i) => `203.0.113.${from + i}`);

test("hashes are shared out evenly and in order, within a family", async () => {
  configure(["203.0.113.0/29", "2001:db8::/127", { address: "203.0.113.9", ports: "5000-5999" }]);
  await picked(0);
  expect(numbers(1)).toEqual({ pool: 1, perDestination: 1, ipv4: 9, ipv6: 2 });
  const v4 = [...addresses(0, 8), "203.0.113.9"];
  for (const [index, of] of v4.entries()) {
    const range = of === "203.0.113.9" ? { first: 5000, last: 5999 } : { first: 1024, last: 65535 };
    const lowest = Math.ceil((index * 2 ** 32) / 9);
    const highest = Math.ceil(((index + 1) * 2 ** 32) / 9) - 1;
    for (const hash of [lowest, highest]) expect([hash, await picked(hash)]).toEqual([hash, { of, ...range }]);
  }
  for (const [hash, of] of [
    [0, "2001:db8::"],
    [2 ** 31 - 1, "2001:db8::"],
    [2 ** 31, "2001:db8::1"],
    [2 ** 32 - 1, "2001:db8::1"],
  ] as const)
    expect([hash, (await picked(hash, "[fd00::7]:4000")).of]).toEqual([hash, of]);
});

test("random hashes against the same sum in exact arithmetic", async () => {
  configure(["203.0.113.0/26"]);
  const draw = random(7);
  for (let i = 0; i < 40; i++) {
    const hash = draw.below(2 ** 32);
    const index = Number((BigInt(hash) * 64n) >> 32n);
    expect([hash, (await picked(hash)).of]).toEqual([hash, `203.0.113.${index}`]);
  }
});

test("a pool without addresses of the family has none to give", async () => {
  configure(["2001:db8::7"]);
  expect(await picked(5)).toEqual({ of: "::", first: 0, last: 0 });
  expect(numbers(1)).toEqual({ pool: 1, perDestination: 1, ipv4: 0, ipv6: 1 });
  configure([]);
  expect((await picked(5, "[fd00::7]:4000")).of).toBe("::");
});

test("the service's pools have numbers of their own", async () => {
  configure([]);
  await picked(1);
  expect([numbers(0), numbers(1)]).toEqual([
    { pool: 0, perDestination: 0, ipv4: 1, ipv6: 0 },
    { pool: 1, perDestination: 1, ipv4: 0, ipv6: 0 },
  ]);
});

test("whether an address is the pool's, before and after a change", async () => {
  const has = async (to: string): Promise<number> => {
    await pair.run([udp("10.0.0.7:4001", `${to}:9`).payload("?")]);
    return answer(4001).has;
  };
  configure(["203.0.113.8/30"]);
  expect([
    await has("203.0.113.7"),
    await has("203.0.113.8"),
    await has("203.0.113.11"),
    await has("203.0.113.12"),
  ]).toEqual([0, 1, 1, 0]);
  configure(["203.0.113.7"]);
  expect([await has("203.0.113.7"), await has("203.0.113.8")]).toEqual([1, 0]);
});

test("static forwards, from either end, by protocol", async () => {
  configure({
    addresses: ["203.0.113.7", { address: "203.0.113.8", ports: "32768-65535" }],
    forwards: {
      "203.0.113.7:80/tcp": "10.0.0.5:8080",
      "203.0.113.8:8080/tcp": "10.0.0.5:8080",
      "203.0.113.7:53/udp": "10.0.0.6:53",
    },
  });
  const of = (text: string) => parseAddress(text);
  await pair.run([
    tcp("10.0.0.5:8080", "203.0.113.7:80").syn(),
    udp("10.0.0.6:53", "203.0.113.7:80").payload(""),
    udp("10.0.0.9:4002", "203.0.113.7:53").payload(""),
    tcp("10.0.0.9:4003", "203.0.113.8:8080").syn(),
  ]);
  expect(answer(8080)).toMatchObject({
    inside: of("10.0.0.5"),
    insidePort: 8080,
    external: of("203.0.113.7"),
    externalPort: 80,
  });
  expect(answer(53)).toMatchObject({ inside: 0n, external: of("203.0.113.7"), externalPort: 53 });
  expect(answer(4002)).toMatchObject({ inside: of("10.0.0.6"), insidePort: 53, external: 0n });
  expect(answer(4003)).toMatchObject({ inside: of("10.0.0.5"), insidePort: 8080, external: 0n });
});
