/** What filters see and keep: config by prefix and by key, counters, meters, buckets, tables, events; of both directions. */
import { expect, test } from "vitest";
import { parseAddress } from "../../sdk/layout/address.ts";
import { pairOf } from "../headers/pair.ts";
import { type Outcome, type Packet, random, tcp, udp } from "../kit/index.ts";

const generous = { perSecond: 1_000_000, burst: 1_000_000, cost: 1 };
const pair = pairOf(new URL("./programs/observer.ts", import.meta.url), {
  interface: 3,
  clock: 1_000_000_000_000n,
  config: { "observer.limit": generous },
});

const configure = (path: string, value: unknown): void =>
  pair.both((running) => running.config.set(`observer.${path}`, value));
const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
const counters = () => pair.both((running) => running.counters());
const takeEvents = () => pair.both((running) => running.events("observer.seen"));
const classes = (of: Readonly<Record<string, number>>): void =>
  configure("classes", Object.fromEntries(Object.entries(of).map(([prefix, number]) => [prefix, { class: number }])));
const classOf = async (source: string): Promise<number | null> => {
  takeEvents();
  const [from, to] = source.includes(":")
    ? [`[${source}]:5000`, "[2001:db8:1::1]:53"]
    : [`${source}:5000`, "10.1.0.1:53"];
  await one(udp(from as string, to as string).payload("?"));
  return (takeEvents()[0] as { class: number } | undefined)?.class ?? null;
};

test("counters by direction, and a meter of all: a filter that sees both", async () => {
  classes({ "0.0.0.0/0": 1 });
  const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
  const before = counters();
  const sent = [client.syn(), client.reverse().synAck(), client.ack(), client.reverse().payload("reply")];
  for (const packet of sent) expect(await one(packet)).toHaveVerdict("redirect");
  const after = counters();
  const change = Object.fromEntries(Object.entries(after).map(([path, count]) => [path, count - (before[path] ?? 0n)]));
  expect(change).toEqual({
    "observer.fromClients": 2n,
    "observer.fromService": 2n,
    "observer.traffic.packets": 4n,
    "observer.traffic.bytes": BigInt(sent.reduce((sum, { bytes }) => sum + bytes.length, 0)),
  });
});

test("events tell the source, the length, the interface and the payload's first byte", async () => {
  classes({ "10.0.0.0/8": 77 });
  takeEvents();
  const packet = udp("10.0.0.9:5000", "10.1.0.1:53").payload("question");
  await one(packet);
  await one(udp("10.0.0.9:5000", "10.1.0.1:53").payload(""));
  const source = parseAddress("10.0.0.9");
  expect(takeEvents()).toEqual([
    { source, class: 77, length: packet.bytes.length, interface: 3, first: "q".charCodeAt(0) },
    { source, class: 77, length: 42, interface: 3, first: 0 },
  ]);
});

test("events that nobody takes are lost without harm", async () => {
  classes({ "10.0.0.0/8": 1 });
  takeEvents();
  const packet = udp("10.0.0.9:5000", "10.1.0.1:53").payload("?");
  // 4096 bytes hold 102 records of 32 bytes with their headers of 8.
  for (const { verdict } of await pair.run(new Array(120).fill(packet))) expect(verdict).toBe("redirect");
  expect(takeEvents().length).toBe(102);
  await one(packet);
  expect(takeEvents().length).toBe(1);
});

test("the longest prefix wins, in both families", async () => {
  classes({
    "0.0.0.0/0": 1,
    "10.0.0.0/8": 2,
    "10.128.0.0/9": 3,
    "10.128.7.7/32": 4,
    "::/0": 5,
    "2001:db8::/32": 6,
    "2001:db8:8000::/33": 7,
    "2001:db8::7/128": 8,
  });
  const expected = {
    "192.0.2.1": 1,
    "10.0.0.1": 2,
    "10.128.0.1": 3,
    "10.128.7.7": 4,
    "10.128.7.6": 3,
    "64:ff9b::1": 5,
    "2001:db8::1": 6,
    "2001:db8:8000::1": 7,
    "2001:db8::7": 8,
  };
  for (const [source, number] of Object.entries(expected))
    expect([source, await classOf(source)]).toEqual([source, number]);
  classes({ "10.0.0.0/8": 9 });
  expect([await classOf("10.128.7.7"), await classOf("192.0.2.1"), await classOf("2001:db8::7")]).toEqual([
    9,
    null,
    null,
  ]);
});

test("random prefixes against a look-up by hand", async () => {
  const draw = random(71);
  const mask = (length: number): number => (length === 0 ? 0 : (-1 << (32 - length)) >>> 0);
  const text = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
  const rules = Array.from({ length: 60 }, (_, i) => {
    const length = draw.between(1, 32);
    return { length, address: (((10 << 24) | draw.below(2 ** 12)) & mask(length)) >>> 0, number: i + 1 };
  });
  classes(Object.fromEntries(rules.map(({ length, address, number }) => [`${text(address)}/${length}`, number])));
  const byHand = (address: number): number | null =>
    rules
      .filter((rule) => (address & mask(rule.length)) >>> 0 === rule.address)
      .sort((a, b) => a.length - b.length || a.number - b.number)
      .at(-1)?.number ?? null;
  for (let i = 0; i < 100; i++) {
    const address = ((10 << 24) | draw.below(2 ** 12)) >>> 0;
    expect([text(address), await classOf(text(address))]).toEqual([text(address), byHand(address)]);
  }
});

test("drops are counted by name: by prefix, by key, and by key and value", async () => {
  classes({ "10.0.0.0/8": 1 });
  configure("blocked", [
    { key: { port: 7, protocol: 6 }, value: { strict: 0 } },
    { key: { port: 7, protocol: 17 }, value: { strict: 1 } },
  ]);
  const before = pair.both((running) => running.drops());
  const sent = [
    tcp("192.0.2.1:1", "10.1.0.1:80").syn(),
    tcp("10.0.0.7:1", "10.1.0.1:7").syn(),
    udp("10.0.0.7:1", "10.1.0.1:7").payload(""),
    udp("10.0.0.7:1", "10.1.0.1:8").payload(""),
  ];
  expect((await pair.run(sent)).map(({ reason }) => reason)).toEqual([
    "observer: no class",
    "observer: blocked",
    "observer: blocked strictly",
    null,
  ]);
  const after = pair.both((running) => running.drops());
  for (const name of ["no class", "blocked", "blocked strictly"])
    expect(after[`observer: ${name}`]).toBe((before[`observer: ${name}`] ?? 0n) + 1n);
  configure("blocked", []);
});

test("a bounded table keeps what was last written of each key", async () => {
  classes({ "10.0.0.0/8": 1 });
  const packet = udp("10.77.0.1:5000", "10.1.0.1:53").payload("1234");
  for (let i = 0; i < 3; i++) await one(packet);
  const value = pair.both((running) => running.map("observer_sources").get({ source: "10.77.0.1" }));
  expect(value).toEqual({ bytes: 3 * packet.bytes.length, packets: 3 });
});

test.each<readonly [string, object, readonly (readonly [advance: string, passes: number])[]]>([
  [
    "a burst, then by the second",
    { perSecond: 2, burst: 3, cost: 1 },
    [
      ["0ns", 3],
      ["499ms", 0],
      ["1ms", 1],
      ["1s", 2],
      ["10s", 3],
    ],
  ],
  [
    "a long pause fills the whole bucket, however slow it fills",
    { perSecond: 1, burst: 40, cost: 1 },
    [
      ["0ns", 40],
      ["20s", 20],
      ["39500ms", 39],
      ["500ms", 1],
      ["100h", 40],
    ],
  ],
  [
    "packets that cost more",
    { perSecond: 10, burst: 10, cost: 5 },
    [
      ["0ns", 2],
      ["499ms", 0],
      ["1ms", 1],
    ],
  ],
  [
    "packets that cost more than the bucket holds",
    { perSecond: 10, burst: 4, cost: 5 },
    [
      ["0ns", 0],
      ["1h", 0],
    ],
  ],
  [
    "nothing at all",
    { perSecond: 0, burst: 0, cost: 1 },
    [
      ["0ns", 0],
      ["1h", 0],
    ],
  ],
  [
    "the highest rate",
    { perSecond: 1_000_000_000, burst: 2_000_000_000, cost: 1_000_000_000 },
    [
      ["0ns", 2],
      ["1s", 1],
      ["15999ms", 2],
      ["1h", 2],
    ],
  ],
])("a rate limiter: %s", async (name, limit, steps) => {
  classes({ "10.0.0.0/8": 1 });
  configure("limit", limit);
  // A source, and so a bucket, of its own.
  const packet = udp(`10.88.0.${name.length}:5000`, "10.1.0.1:53").payload("?");
  for (const [advance, passes] of steps) {
    pair.both((running) => running.advance(advance));
    const verdicts = (await pair.run(new Array(passes + 2).fill(packet))).map(({ reason }) => reason);
    expect([advance, ...verdicts]).toEqual([
      advance,
      ...new Array(passes).fill(null),
      "observer: rate",
      "observer: rate",
    ]);
    takeEvents();
  }
  configure("limit", generous);
});
