import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LIVE_FRAMES, type LoadedObject, load, testRun, testRunAsync, typedMap } from "../../runtime/index.ts";
import { findInterface } from "../../runtime/loader/interfaces.ts";
import { inNamespace } from "../../runtime/loader/network-namespace.ts";
import { u32 } from "../../sdk/layout/layouts.ts";
import { createNamespace, createVethPair, runIn } from "../kit/namespaces.ts";
import { fixture, frame } from "./fixtures.ts";

let object: LoadedObject;
beforeAll(async () => {
  object = await load(fixture("jumps"));
});
afterAll(() => object.close());

const table = () =>
  ({
    name: "table",
    kind: "progArray",
    key: u32.layout,
    value: u32.layout,
    maxEntries: 2,
    flags: 0,
    extra: 0,
    inner: null,
  }) as const;

test("a jump table decides what the root program does", () => {
  const jumps = typedMap(object.map("table"), table());
  const run = () => testRun(object.program("root"), { packet: frame() }).action;
  expect(run()).toBe(0);
  jumps.set(1, object.program("drop"));
  expect(jumps.get(1)).toBe(object.program("drop").id);
  expect(run()).toBe(1);
  jumps.set(1, object.program("reflect"));
  expect(run()).toBe(3);
  expect(jumps.delete(1)).toBe(true);
  expect(jumps.delete(1)).toBe(false);
  expect([run(), jumps.get(1)]).toEqual([0, null]);
});

test("the program sees the interface and the queue it is given", () => {
  const where = object.program("where");
  expect(testRun(where, { packet: frame(), context: { interface: 1 } }).action).toBe(1 * 256);
  expect(testRun(where, { packet: frame() }).action).toBe(1 * 256);
  expect(() => testRun(where, { packet: frame(), context: { interface: 9999 } })).toThrow("ZT4017");
  expect(() => testRun(where, { packet: frame(), context: { interface: 1, queue: 77 } })).toThrow("ZT4017");
});

test("a packet that grows comes back whole, and the one given stays as it is", () => {
  const packet = frame(1500);
  const result = testRun(object.program("grow"), { packet });
  expect(result.packet.length).toBe(1508);
  expect(Buffer.from(result.packet.subarray(0, 8)).toString("hex")).toBe("ab".repeat(8));
  expect(result.packet.subarray(8)).toEqual(frame(1500));
  expect(packet).toEqual(frame(1500));
});

test("less than an Ethernet header is refused by the kernel", () => {
  expect(() => testRun(object.program("drop"), { packet: new Uint8Array(13) })).toThrow("EINVAL");
});

test("a long run leaves the event loop free", async () => {
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 1);
  const { nanoseconds } = await testRunAsync(object.program("root"), { packet: frame(), repeat: 5_000_000 });
  clearInterval(ticking);
  expect(ticks).toBeGreaterThan(5);
  expect(nanoseconds).toBeLessThan(1000);
});

test("signals that cut repeats short make them begin again", async () => {
  const counters = await load(fixture("globals"));
  onTestFinished(() => counters.close());
  const ignore = () => {};
  process.on("SIGUSR2", ignore);
  onTestFinished(() => void process.off("SIGUSR2", ignore));
  const storm = spawn("sh", ["-c", `for i in $(seq 100); do kill -USR2 ${process.pid}; sleep 0.002; done`]);
  const over = new Promise((resolve) => storm.once("exit", resolve));
  // Run first, being the last: a signal without a listener would end this process.
  onTestFinished(() => over.then(() => {}));
  let stormy = true;
  void over.then(() => {
    stormy = false;
  });
  let asked = 0n;
  for (; stormy; asked += 20_000n) {
    testRun(counters.program("judge"), { packet: frame(), repeat: 10_000 });
    await testRunAsync(counters.program("judge"), { packet: frame(), repeat: 10_000 });
  }
  const seen = Buffer.from(counters.globals.read("seen") as Uint8Array).readBigUInt64LE(0);
  expect(seen).toBeGreaterThanOrEqual(asked);
});

test("live frames leave by the interface they came from", async () => {
  await using namespace = await createNamespace("live", {
    // No neighbour discovery among the frames that are counted.
    sysctls: { "net.ipv6.conf.all.disable_ipv6": 1, "net.ipv6.conf.default.disable_ipv6": 1 },
  });
  await createVethPair(
    { namespace, interface: "left0", passXdp: true },
    { namespace, interface: "right0", passXdp: true },
  );
  const received = async () => {
    const { stdout } = await runIn(namespace, "cat", ["/proc/net/dev"]);
    return Number(/right0:\s*\d+\s+(\d+)/.exec(stdout)?.[1]);
  };
  const before = await received();
  const run = inNamespace(namespace.path, () =>
    testRun(object.program("reflect"), {
      packet: frame(),
      context: { interface: findInterface("left0").index },
      repeat: 500,
      flags: LIVE_FRAMES,
    }),
  );
  expect(run.packet.length).toBe(0);
  expect((await received()) - before).toBe(500);
});
