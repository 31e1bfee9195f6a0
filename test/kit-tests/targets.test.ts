/** Targets: one program, the same outcomes, maps and globals on the interpreter and in the kernel. */
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { interpreter, type Outcome, packets, type Running, tcp, toHex, udp } from "../kit/index.ts";
import { constant, ModuleBuilder, scalar, staticMap, u32 } from "../kit/ir.ts";
import { onEveryTarget } from "../kit/matchers.ts";
import { kernel } from "../kit/targets/kernel.ts";

/** Counts by the TTL-like byte 22, overwrites it with a global, and decides by its old value. */
function program() {
  const module = new ModuleBuilder("counting");
  const counts = module.map({ name: "counts", kind: "array", key: scalar("u32"), value: scalar("u64"), maxEntries: 4 });
  const seen = module.map({ name: "seen", kind: "hash", key: scalar("u32"), value: scalar("ipv4"), maxEntries: 64 });
  const replacement = module.global("replacement", scalar("u32"), Uint8Array.of(9, 0, 0, 0));
  module.program("main", (to) => {
    const place = to.let("packet", { op: "packetAt", offset: u32(14), max: 14 });
    const fits = to.let("bool", { op: "packetFits", place, bytes: 20 });
    to.if(
      fits,
      (inside) => {
        const ttl = inside.load("u32", 1, place, 8);
        const source = inside.load("u32", 4, place, 12, "big");
        const key = inside.slot(scalar("u32"), "key");
        inside.store(ttl, 4, key, 0, "little", 4);
        const value = inside.slot(scalar("u32"), "value");
        inside.store(source, 4, value, 0, "big", 4);
        inside.let("i64", { op: "mapUpdate", map: staticMap(seen), key, value, flags: constant("u64", 0) });
        const index = inside.slot(scalar("u32"), "index");
        inside.store(u32(1), 4, index, 0, "little", 4);
        const count = inside.let("pointer", { op: "mapLookup", map: staticMap(counts), key: index });
        const none = inside.let("bool", { op: "isNull", a: count });
        inside.if(
          none,
          (never) => never.return(u32(0)),
          (there) => {
            const old = there.load("u64", 8, count, 0, "little", 8);
            there.store(there.binary("add", "u64", old, constant("u64", 1)), 8, count, 0, "little", 8);
          },
        );
        const global = inside.let("pointer", { op: "global", global: replacement });
        inside.store(inside.load("u32", 4, global, 0, "little", 4), 1, place, 8);
        const low = inside.let("bool", { op: "compare", operator: "lt", type: "u32", a: ttl, b: u32(2) });
        inside.if(low, (drop) => drop.return(u32(1)));
        inside.return(u32(3));
      },
      (outside) => outside.return(u32(2)),
    );
  });
  return { module: module.build(), manifest: null, object: null };
}

const source = program();
const client = tcp("10.0.0.7:40000", "10.1.0.1:80");

onEveryTarget(source, (target) => {
  test("verdicts, packets out and the next hop", async () => {
    const [sent, dropped, short] = (await target.run(
      client.syn(),
      client.syn({ ttl: 1 }),
      client.syn().truncate(20),
    )) as [Outcome, Outcome, Outcome];
    expect(sent).toHaveVerdict("transmit");
    expect(sent).toHaveVerdict("forward");
    expect(sent.nextHop).toBe("02:00:00:00:00:02");
    expect(sent).toHaveFields({ "ipv4.ttl": 9, "tcp.destinationPort": 80 });
    expect(dropped).toHaveVerdict("drop");
    expect(dropped.nextHop).toBeNull();
    expect(short).toHaveVerdict("pass");
    expect(short).toEqualPacket(client.syn().truncate(20));
  });

  test("maps are read and written by their layouts, and sorted", async () => {
    target.map("counts").set(1, 40n);
    await target.run(client.syn(), udp("10.0.0.8:1", "10.0.0.9:2").payload("", { ttl: 3 }));
    expect(target.map("counts").get(1)).toBe(42n);
    expect(target.map("counts").get(0)).toBe(0n);
    expect(target.map("seen").entries()).toEqual([
      [3, 0x0a000008],
      [64, 0x0a000007],
    ]);
    expect(target.map("seen").delete(3)).toBe(true);
    expect(target.map("seen").delete(3)).toBe(false);
    expect(target.map("seen").get(3)).toBeNull();
    expect(() => target.map("unseen")).toThrow(/ZT9006.*counts, seen/);
  });

  test("every test starts anew", () => {
    expect(target.map("counts").get(1)).toBe(0n);
    expect(target.map("seen").entries()).toEqual([]);
  });

  test("globals", async () => {
    expect(target.globals.get("replacement")).toBe(9);
    target.globals.set("replacement", 77);
    expect((await target.run(client.syn()))[0]).toHaveFields({ "ipv4.ttl": 77 });
  });

  test("random packets, whole and broken, never abort", async () => {
    for (const outcome of await target.run(...packets(12, 200, { shortest: 14 })))
      expect(outcome.verdict).not.toBe("aborted");
  });
});

group("both targets", () => {
  let both: Running[] = [];
  beforeAll(async () => {
    both = [await interpreter.load(source)];
    if ((await kernel.missing()) === null) both.push(await kernel.load(source));
  });
  afterAll(() => Promise.all(both.map((running) => running.close())));

  test("agree byte for byte on random packets", async (context) => {
    const reason = await kernel.missing();
    if (reason !== null) return context.skip(`the kernel target needs ${reason}`);
    const traffic = packets(99, 400, { shortest: 14 });
    const [one, other] = (await Promise.all(both.map((running) => running.run(...traffic)))) as [Outcome[], Outcome[]];
    expect(one.map(({ verdict, packet }) => `${verdict} ${toHex(packet.bytes)}`)).toEqual(
      other.map(({ verdict, packet }) => `${verdict} ${toHex(packet.bytes)}`),
    );
    expect(both[0]?.map("seen").entries()).toEqual(both[1]?.map("seen").entries());
  });
});

test("the kernel target refuses what the kernel would", async (context) => {
  const reason = await kernel.missing();
  if (reason !== null) return context.skip(`the kernel target needs ${reason}`);
  await using running = await kernel.load(source);
  await expect(running.run(new Uint8Array(13))).rejects.toThrow(/ZT9008.*13/);
  expect(() => running.advance("1s")).toThrow(/ZT9009/);
});

test("a span of time is text or nanoseconds; nothing else", async () => {
  await using running = await interpreter.load(source);
  running.advance("250ms");
  running.advance(5n);
  expect(() => running.advance("soon")).toThrow(/ZT9010/);
});

test("a module of several programs wants one named", async () => {
  const module = new ModuleBuilder("two");
  module.program("first", (to) => to.return(u32(2)));
  module.program("second", (to) => to.return(u32(1)));
  const two = { module: module.build(), manifest: null, object: null };
  await expect(interpreter.load(two)).rejects.toThrow(/ZT9014.*first, second/);
  await expect(interpreter.load(two, { program: "third" })).rejects.toThrow(/ZT9014.*'third'/);
  await using running = await interpreter.load(two, { program: "second" });
  expect((await running.run(client.syn()))[0]).toHaveVerdict("drop");
});
