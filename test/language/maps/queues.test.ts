/** Queues, stacks and bloom filters. */
import { expect } from "vitest";
import { calculates, onTargets, packetOf, verdicts } from "../harness.ts";

const drained = (order: "queue" | "stack") =>
  calculates(
    `a ${order} gives back in its order, tells when it is full or empty, and overwrites when asked`,
    {
      input: { a: "u32" },
      output: { full: "u8", forced: "u8", peeked: "u32", first: "u32", second: "u32", third: "u32" },
      module: `const waiting = map.${order}({ value: struct({ n: u32, m: u8 }), max: 2 });
const numbers = map.${order}({ value: u32, max: 2 });`,
      body: `
  waiting.push({ n: input.a, m: 1 });
  waiting.push({ n: input.a + 1, m: 2 });
  output.full = waiting.push({ n: 0, m: 0 }) ? 0 : 1;
  output.forced = waiting.push({ n: input.a + 2, m: 3 }, true) ? 1 : 0;
  output.peeked = waiting.peek()?.n ?? 0;
  output.first = waiting.pop()?.n ?? 0;
  output.second = waiting.pop()?.n ?? 0;
  numbers.push(4);
  output.third = (waiting.pop()?.n ?? 50) + (numbers.pop() ?? 1000) + (numbers.pop() ?? 2000);`,
    },
    [
      {
        input: { a: 10 },
        output:
          order === "queue"
            ? { full: 1, forced: 1, peeked: 11, first: 11, second: 12, third: 2054 }
            : { full: 1, forced: 1, peeked: 12, first: 12, second: 11, third: 2054 },
      },
    ],
  );
drained("queue");
drained("stack");

onTargets(
  "a bloom filter never forgets what was added",
  `
const known = map.bloom({ value: struct({ a: u32, b: u32 }), max: 64, hashes: 3 });
export default program("filter", (frame) => {
  const n = frame.cursor(14).take(u8);
  if (n === null) return Action.Drop;
  if (n < 128) return known.add({ a: n, b: 1 }) ? Action.Pass : Action.Aborted;
  return known.has({ a: n - 128, b: 1 }) ? Action.Transmit : Action.Drop;
});`,
  async (running) => {
    expect(verdicts(await running.run(packetOf(129)))).toEqual(["drop"]);
    const outcomes = await running.run(packetOf(1), packetOf(2), packetOf(129), packetOf(130));
    expect(verdicts(outcomes)).toEqual(["pass", "pass", "transmit", "transmit"]);
  },
);
