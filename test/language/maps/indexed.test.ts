/** Arrays, per-CPU arrays, prefixes. */
import { expect, test } from "vitest";
import { calculates, compile, onTargets, packetOf, problemsOf, verdicts } from "../harness.ts";

for (const kind of ["array", "perCpuArray"] as const) {
  calculates(
    `${kind}: at is live inside and null outside; set tells`,
    {
      input: { index: "u32", n: "u32" },
      output: { before: "u32", after: "u32", set: "u8", missing: "u8" },
      module: `
const cell = struct({ n: u32, m: u32 });
const cells = map.${kind}({ value: cell, max: 8 });
const plain = map.${kind}({ value: u32, max: 8 });`,
      body: `
  const live = cells.at(input.index);
  output.missing = live === null ? 1 : 0;
  output.before = live?.n ?? 100;
  if (live !== null) {
    live.n = input.n;
    live.m += 1;
  }
  output.after = cells.at(input.index)?.n ?? 200;
  output.set = plain.set(input.index, input.n) && plain.at(input.index) === input.n ? 1 : 0;
  if (live !== null) live.n = 0;`,
    },
    [
      { input: { index: 0, n: 5 }, output: { before: 0, after: 5, set: 1, missing: 0 } },
      { input: { index: 7, n: 6 }, output: { before: 0, after: 6, set: 1, missing: 0 } },
      { input: { index: 8, n: 6 }, output: { before: 100, after: 200, set: 0, missing: 1 } },
      { input: { index: 0xffff_ffff, n: 6 }, output: { before: 100, after: 200, set: 0, missing: 1 } },
    ],
  );
}

onTargets(
  "the longest prefix wins, and the program itself may add and remove prefixes",
  `
const routes = map.lpm({ key: ipv4, value: u32, max: 16 });
const six = map.lpm({ key: ipv6, value: struct({ n: u32 }), max: 16 });
export default program("prefixes", (frame) => {
  const cursor = frame.cursor(14);
  const target = cursor.take(ipv4);
  const what = cursor.take(u8);
  if (target === null || what === null) return Action.Drop;
  if (what === 1) return routes.set(24, target, 9) ? Action.Pass : Action.Aborted;
  if (what === 2) return routes.delete(24, target) ? Action.Pass : Action.Transmit;
  const found = routes.lookup(target);
  if (found === null) return Action.Drop;
  return six.lookup(ipv6("2001:db8::1"))?.n === 3 ? found : Action.Aborted;
});`,
  async (running) => {
    running.map("routes").set({ prefixLength: 8, key: "10.0.0.0" }, 2);
    running.map("routes").set({ prefixLength: 32, key: "10.0.0.7" }, 1);
    running.map("six").set({ prefixLength: 32, key: "2001:db8::" }, { n: 3 });
    const ask = (last: number, what = 0) => packetOf(10, 0, last, last, what);
    const outcomes = await running.run(
      packetOf(10, 0, 0, 7, 0),
      packetOf(10, 0, 0, 8, 0),
      packetOf(11, 0, 0, 7, 0),
      ask(5, 1),
      ask(5, 2),
      ask(5, 2),
      ask(5),
    );
    expect(verdicts(outcomes)).toEqual(["drop", "pass", "drop", "pass", "pass", "transmit", "pass"]);
    expect(running.map("routes").entries()).toHaveLength(2);
  },
);

const mapped = (how: string) => `
const cells = map.array({ value: u64, max: 512, mapped: ${how} });
export default program("indexed", (frame) => (cells.at(frame.length) === 0n ? Action.Pass : Action.Drop));`;

test("an array that user space may map says so to the kernel, and others do not", async () => {
  const flags = async (how: string) => (await compile(mapped(how))).module.maps.map((each) => each.flags);
  expect(await flags("true")).toEqual([1024]);
  expect(await flags("false")).toEqual([0]);
  expect((await problemsOf(mapped("(1 as unknown as boolean)"))).map(({ code }) => code)).toEqual(["ZT2014"]);
});

onTargets("an array that user space may map reads and writes as others do", mapped("true"), async (running) => {
  expect(verdicts(await running.run(packetOf(1)))).toEqual(["pass"]);
  running.map("cells").set(packetOf(1).length, 1n);
  expect(verdicts(await running.run(packetOf(1)))).toEqual(["drop"]);
});
