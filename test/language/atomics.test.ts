/** Atomic operations give the old value; locks guard several fields at once. */
import { expect, test } from "vitest";
import { calculates, compile, onTargets, packetOf } from "./harness.ts";

for (const type of ["u32", "u64"] as const) {
  const top = (1n << (type === "u32" ? 32n : 64n)) - 1n;
  calculates(
    `atomics on ${type}`,
    {
      input: { start: type, by: type },
      output: { r: `${type}[7]`, last: type },
      module: `
const cell = struct({ before: u32, n: ${type} });
const cells = map.array({ value: cell, max: 1 });`,
      body: `
  const { r } = output;
  const c = cells.at(0);
  if (c === null) return Action.Drop;
  c.n = input.start;
  r[0] = atomic.add(c, "n", input.by);
  r[1] = atomic.and(c, "n", input.by);
  r[2] = atomic.or(c, "n", input.start);
  r[3] = atomic.xor(c, "n", input.by);
  r[4] = atomic.exchange(c, "n", input.start);
  r[5] = atomic.compareExchange(c, "n", input.by, ${type === "u32" ? "1" : "1n"});
  r[6] = atomic.compareExchange(c, "n", input.start, ${type === "u32" ? "2" : "2n"});
  atomic.add(c, "n", input.by);
  output.last = c.n;`,
    },
    [
      [5n, 3n],
      [top, 1n],
      [0n, top],
      [top >> 1n, 0x55n],
    ].map(([start = 0n, by = 0n]) => {
      const wrap = (n: bigint) => n & top;
      const r = [start, wrap(start + by)];
      r.push((r[1] as bigint) & by);
      r.push((r[2] as bigint) | start);
      r.push((r[3] as bigint) ^ by);
      r.push(start);
      const first = by === start ? 1n : start;
      r.push(first);
      const second = first === start ? 2n : first;
      return { input: { start, by }, output: { r, last: wrap(second + by) } };
    }),
  );
}

test("an atomic whose result nobody takes is the kernel's plain one", async () => {
  const { module } = await compile(`
const counts = map.array({ value: struct({ n: u64 }), max: 1 });
export default program("count", () => {
  const c = counts.at(0);
  if (c !== null) atomic.add(c, "n", 1n);
  return Action.Pass;
});`);
  const text = JSON.stringify(module, (_, value) => (typeof value === "bigint" ? `${value}` : value));
  expect(text).toContain('"resultUsed":false');
});

onTargets(
  "a lock is held while the body runs, and released after it",
  `
const account = struct({ lock: spinLock, balance: u64, moves: u32 });
const accounts = map.hash({ key: u32, value: account, max: 4 });
export default program("transfer", (frame) => {
  const amount = frame.cursor(14).take(u8);
  if (amount === null) return Action.Drop;
  const own = accounts.get(1);
  if (own === null) return Action.Aborted;
  let enough = false;
  withLock(own.lock, () => {
    if (own.balance < u64(amount)) return;
    own.balance -= u64(amount);
    barrier();
    own.moves++;
    enough = true;
  });
  return enough ? Action.Pass : Action.Drop;
});`,
  async (running) => {
    running.map("accounts").set(1, { lock: 0, balance: 100n, moves: 0 });
    const outcomes = await running.run(packetOf(60), packetOf(60), packetOf(40));
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(["pass", "drop", "pass"]);
    expect(running.map("accounts").get(1)).toMatchObject({ balance: 0n, moves: 2 });
  },
);
