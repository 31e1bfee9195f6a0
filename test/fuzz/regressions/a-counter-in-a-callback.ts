// The counter of a loop in a callback lay in its caller's memory: kernels before 6.8 saw an infinite loop.
import { loop, map, program, u32, u64 } from "zeta/bpf";

const seen = map.hash({ key: u32, value: u64, max: 4 });

export default program("counted_back", (frame) => {
  let total = 0;
  loop(3, (turn) => {
    let counter = 5;
    while (counter <= 14) {
      counter += 2;
      if (frame.length > 60) seen.set(1, u64(frame.length));
    }
    total += counter;
    return turn < 2;
  });
  return total === 45 ? 2 : 1;
});
