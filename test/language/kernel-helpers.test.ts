/** Time, random numbers, CPUs, byte order, routes: what the kernel is asked for. */
import { expect } from "vitest";
import { calculates, onTargets, packetOf } from "./harness.ts";

calculates(
  "bytes are swapped at each width",
  {
    input: { a: "u16", b: "u32", c: "u64" },
    output: { a: "u16", b: "u32", c: "u64" },
    body: `
  output.a = swapBytes.u16(input.a);
  output.b = swapBytes.u32(input.b);
  output.c = swapBytes.u64(input.c);`,
  },
  [
    {
      input: { a: 0x0102, b: 0x01020304, c: 0x0102030405060708n },
      output: { a: 0x0201, b: 0x04030201, c: 0x0807060504030201n },
    },
    { input: { a: 0xff00, b: 0xff000000, c: 0xffn << 56n }, output: { a: 0xff, b: 0xff, c: 0xff } },
  ],
);

onTargets(
  "clocks go forward, random numbers differ, the CPU is one that exists",
  `
const out = struct({ elapsed: u64, boot: u64, coarse: u64, jiffies: u64, same: u32, cpu: u32 });
const seen = map.array({ value: out, max: 1 });
export default program("asking", () => {
  const to = seen.at(0);
  if (to === null) return Action.Drop;
  const start = clock("monotonic");
  let same = 0;
  let last = random();
  for (let i = 0; i < 8; i++) {
    const next = random();
    if (next === last) same++;
    last = next;
  }
  barrier();
  to.elapsed = clock("monotonic") - start;
  to.boot = clock("boot");
  to.coarse = clock("coarse");
  to.jiffies = clock("jiffies");
  to.same = same;
  to.cpu = cpu();
  log("asked %d times on %d", 8, cpu());
  return Action.Pass;
});`,
  async (running) => {
    await running.run(packetOf(0));
    const seen = running.map("seen").get(0) as { elapsed: bigint; same: number; cpu: number };
    expect(seen.elapsed).toBeLessThan(1_000_000_000n);
    expect(seen.same).toBeLessThan(8);
    expect(seen.cpu).toBeLessThan(1024);
  },
);

onTargets(
  "a route that is not there is told as such",
  `
export default program("routing", (frame) => {
  const ask = local(fibParameters);
  ask.family = 2;
  ask.interface = frame.ingressInterface;
  ask.totalLength = 100;
  ask.destinationWords[0] = 0xc6336407;
  const found = fibLookup(ask);
  return found === FibResult.Success ? Action.Transmit : Action.Pass;
});`,
  async (running) => {
    expect((await running.run(packetOf(0)))[0]).toHaveVerdict("pass");
  },
);
