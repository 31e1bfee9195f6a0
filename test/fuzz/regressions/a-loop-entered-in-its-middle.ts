// LLVM placed the end of a loop before its start: kernels before 6.8 refuse to fall through to the start of a loop.
import { bits, constant, i64, map, program, struct, u32, u64, variable } from "zeta/bpf";

const sink = variable(u64, 0n);
const two = constant(u32, 2);
const value = struct({ f0: i64, f1: i64, f2: bits({ b0: 7, b1: 1 }), f3: u64 });
const seen = map.hash({ key: u64, value, max: 256 });

export default program("entered", (frame) => {
  let acc: u64 = sink.value;
  let turns = 0;
  do {
    turns++;
    acc--;
    seen.set(3n, { f0: i64(acc) % (i64(0x5be7n) - 2n), f1: 3n, f2: { b0: u32(2), b1: 5 }, f3: 134217728n });
  } while (7 > turns);
  const entry = seen.get(2n);
  if (entry !== null && frame.length > 40) acc += 7n;
  sink.value = acc * 3n;
  return turns * two.value;
});
