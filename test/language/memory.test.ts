/** `local`, `constant`, `variable`: memory of the program's own. */
import { expect } from "vitest";
import { calculates, onTargets, packetOf } from "./harness.ts";

calculates(
  "local memory starts as zero, each time anew, and is a live view",
  {
    input: { a: "u32" },
    output: { zero: "u32", n: "u32", third: "u16", inner: "u8" },
    module: `
const block = struct({ n: u32, list: array(u16, 4), inner: struct({ flag: u8 }) });
const work = (a: u32) => {
  const memory = local(block);
  const before = memory.n;
  memory.n = a;
  memory.list[2] = 5;
  memory.inner.flag = 1;
  return { memory, before };
};`,
    body: `
  work(77);
  const { memory, before } = work(input.a);
  output.zero = before;
  memory.n += 1;
  output.n = memory.n;
  output.third = memory.list[2] ?? 0;
  const copy = local(block);
  copy.inner = memory.inner;
  output.inner = copy.inner.flag;`,
  },
  [{ input: { a: 41 }, output: { zero: 0, n: 42, third: 5, inner: 1 } }],
);

calculates(
  "an index that is tested may be anything; one that is not gives null outside",
  {
    input: { list: "u16[4]", index: "u32" },
    output: { tested: "u16", or: "u16", written: "u16[4]" },
    body: `
  const { index } = input;
  output.tested = 7;
  for (let i = 0; i < 4; i++) output.written[i] = 0;
  if (index < 4) {
    output.tested = input.list[index]!;
    output.written[index] = 9;
  }
  output.or = input.list[index] ?? 8;`,
  },
  [
    { input: { list: [1, 2, 3, 4], index: 3 }, output: { tested: 4, or: 4, written: [0, 0, 0, 9] } },
    { input: { list: [1, 2, 3, 4], index: 4 }, output: { tested: 7, or: 8, written: [0, 0, 0, 0] } },
    { input: { list: [1, 2, 3, 4], index: 0xffff_ffff }, output: { tested: 7, or: 8, written: [0, 0, 0, 0] } },
  ],
);

onTargets(
  "constants are set before loading, variables live as long as the program",
  `
const limit = constant(u32, 3);
const settings = constant(struct({ mark: u8, address: ipv4 }), { mark: 7, address: ipv4("10.0.0.1") });
const count = variable(u32, 10);
const last = variable(struct({ address: ipv4, n: u64 }), { address: ipv4("0.0.0.0"), n: 0n });
export default program("globals", (frame) => {
  const out = frame.cursor(14).take(header({ mark: u8 }));
  if (out === null) return Action.Drop;
  out.mark = settings.value.mark;
  count.value += 1;
  last.value.n += u64(limit.value);
  last.value.address = settings.value.address;
  return count.value > limit.value + 9 ? Action.Drop : Action.Pass;
});`,
  async (running) => {
    const outcomes = await running.run(packetOf(0), packetOf(0), packetOf(0));
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "drop"]);
    expect(outcomes[0]?.packet.bytes[14]).toBe(9);
    expect(running.globals.get("count")).toBe(13);
    expect(running.globals.get("last")).toEqual({ address: 0xc0000201, n: 9n });
    running.globals.set("count", 0);
    expect((await running.run(packetOf(0)))[0]).toHaveVerdict("pass");
  },
  { globals: { settings: { mark: 9, address: "192.0.2.1" } } },
);
