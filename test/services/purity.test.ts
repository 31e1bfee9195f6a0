/** `decide` may run more than once for one flow: whatever would show that it did is refused. */
import { expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "../language/harness.ts";

const deciding = (statement: string): string => `
import { middlebox, service, u16 } from "zeta";
import { atomic, clock, log, map, random, struct, u32, u64, variable } from "zeta/bpf";
const seen = map.hash({ key: u32, value: struct({ n: u64 }), max: 4 });
const queue = map.queue({ value: u32, max: 4 });
const stream = map.ringBuffer({ max: 4096 });
const count = variable(u32, 0);
const helper = (): void => { count.value += 1; };
const box = middlebox("box", {
  decide(flow) {
    const known = seen.get(1);
    const link = flow.first.ethernet();
    const ip = flow.first.ipv4();
    ${statement}
    return flow.forward();
  },
});
export default service("example", { chain: [box] });`;

test.each([
  ["writing a map", "§seen.set(1, { n: 1n });"],
  ["deleting from a map", "§seen.delete(1);"],
  ["writing a map's value", "if (known !== null) §known.n = 1n;"],
  ["an atomic", 'if (known !== null) §atomic.add(known, "n", 1n);'],
  ["a queue", "§queue.push(1);"],
  ["an event", "§stream.output(u32, 1);"],
  ["a variable", "§count.value = 1;"],
  ["editing the packet", "§link.source = link.destination;"],
  ["editing a header", "if (ip !== null) §ip.ttl = 1;"],
])("%s is refused", async (_, statement) => {
  const { text, place } = withoutMark(deciding(statement));
  expect((await problemsOf(text)).map(told)).toEqual([`ZT2010 ${place}`]);
});

test("a called function's effect is refused where it stands", async () => {
  const { text, place } = withoutMark(deciding("helper();").replace("count.value +=", "§count.value +="));
  expect((await problemsOf(text)).map(told)).toEqual([`ZT2010 ${place}`]);
});

test("reading is not", async () => {
  expect(
    await problemsOf(
      deciding("if (known !== null && known.n === 7n && ip !== null && ip.ttl === 1) return flow.rewrite({});"),
    ),
  ).toEqual([]);
});
