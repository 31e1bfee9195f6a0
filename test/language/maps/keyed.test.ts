/** Hash maps of every kind: look-ups are live, sets obey their flag, deletes tell. */
import { expect } from "vitest";
import { calculates, onTargets, packetOf, verdicts } from "../harness.ts";

for (const kind of ["hash", "lruHash", "perCpuHash", "perCpuLruHash"] as const) {
  calculates(
    `${kind}: get, set with each flag, delete`,
    {
      input: { key: "u32", n: "u64" },
      output: { r: "u8[8]", value: "u64", after: "u64" },
      module: `
const pair = struct({ a: u32, b: u16 });
const entry = struct({ n: u64, flag: u8 });
const table = map.${kind}({ key: pair, value: entry, max: 64 });`,
      body: `
  const key = { a: input.key, b: 7 };
  const { r } = output;
  r[0] = table.get(key) === null ? 1 : 0;
  r[1] = table.set(key, { n: input.n, flag: 1 }, "exists") ? 1 : 0;
  r[2] = table.set(key, { n: input.n, flag: 1 }, "new") ? 1 : 0;
  r[3] = table.set(key, { n: input.n + 1n, flag: 2 }, "new") ? 1 : 0;
  const live = table.get(key);
  if (live === null) return Action.Drop;
  output.value = live.n;
  live.n += 5n;
  live.flag = 9;
  const again = table.get({ ...key });
  output.after = again?.n ?? 0n;
  r[4] = again?.flag ?? 0;
  r[5] = table.set(key, { n: 0n, flag: 3 }, "any") ? 1 : 0;
  r[6] = table.delete(key) ? 1 : 0;
  r[7] = table.delete({ a: input.key, b: 7 }) ? 1 : 0;`,
    },
    [
      { input: { key: 1, n: 5n }, output: { r: [1, 0, 1, 0, 9, 1, 1, 0], value: 5n, after: 10n } },
      {
        input: { key: 0xffff_ffff, n: (1n << 64n) - 1n },
        output: { r: [1, 0, 1, 0, 9, 1, 1, 0], value: (1n << 64n) - 1n, after: 4n },
      },
    ],
  );
}

onTargets(
  "keys compare by value, padding zeroed, from packets, memory and literals alike",
  `
const key = struct({ small: u8, big: u32 });
const flow = header({ small: u8, big: u32 });
const seen = map.hash({ key, value: u32, max: 16 });
export default program("keys", (frame) => {
  const view = frame.cursor(14).take(flow);
  if (view === null) return Action.Drop;
  const memory = local(key);
  memory.small = view.small;
  memory.big = view.big;
  const known = seen.get({ small: view.small, big: view.big }) ?? 0;
  seen.set(memory, known + 1);
  seen.set({ ...memory, big: 99 }, 1);
  return Action.Pass;
});`,
  async (running) => {
    const packet = packetOf(7, 0, 0, 1, 0);
    expect(verdicts(await running.run(packet, packet, packet))).toEqual(["pass", "pass", "pass"]);
    expect(running.map("seen").entries()).toEqual([
      [{ small: 7, big: 256 }, 3],
      [{ small: 7, big: 99 }, 1],
    ]);
  },
);

onTargets(
  "a full hash refuses, a full LRU does not",
  `
const full = map.hash({ key: u32, value: u8, max: 4 });
const lru = map.lruHash({ key: u32, value: u8, max: 64 });
export default program("filling", (frame) => {
  const n = frame.cursor(14).take(u8);
  if (n === null) return Action.Drop;
  const a = full.set(n, 1);
  const b = lru.set(n, 1);
  return a && b ? Action.Pass : b ? Action.Transmit : Action.Drop;
});`,
  async (running) => {
    const packets = [1, 2, 3, 4, 5, 1].map((n) => packetOf(n));
    expect(verdicts(await running.run(...packets))).toEqual(["pass", "pass", "pass", "pass", "transmit", "pass"]);
  },
);

onTargets(
  "values set from outside are seen, and those set inside come out by their layout",
  `
const entry = struct({ address: ipv4, mac, count: u64, list: array(u16, 3), halves: bits({ high: 4, low: 4 }) });
const table = map.hash({ key: ipv4, value: entry, max: 8 });
export default program("layouts", (frame) => {
  const key = frame.cursor(14).take(ipv4);
  if (key === null) return Action.Drop;
  const found = table.get(key);
  if (found === null) {
    table.set(key, { address: ipv4("10.0.0.9"), mac: mac("02:00:00:00:00:07"), count: 1n, list: [1, 2, 3], halves: { high: 5, low: 6 } });
    return Action.Pass;
  }
  found.count++;
  found.list[2] = u16((found.list[0] ?? 0) + (found.list[1] ?? 0));
  found.halves.low = found.halves.high;
  found.address = key;
  return Action.Transmit;
});`,
  async (running) => {
    running.map("table").set("10.0.0.1", {
      address: "1.2.3.4",
      mac: "02:00:00:00:00:01",
      count: 41n,
      list: [100, 200, 0],
      halves: { high: 9, low: 1 },
    });
    expect(verdicts(await running.run(packetOf(10, 0, 0, 1), packetOf(10, 0, 0, 2)))).toEqual(["transmit", "pass"]);
    expect(running.map("table").get("10.0.0.1")).toEqual({
      address: 0x0a000001,
      mac: 0x020000000001n,
      count: 42n,
      list: [100, 200, 300],
      halves: { high: 9, low: 9 },
    });
    expect(running.map("table").get("10.0.0.2")).toEqual({
      address: 0x0a000009,
      mac: 0x020000000007n,
      count: 1n,
      list: [1, 2, 3],
      halves: { high: 5, low: 6 },
    });
  },
);
