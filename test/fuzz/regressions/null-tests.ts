/** LLVM made one test of two look-ups, `(a | b) == 0`: arithmetic on pointers. */
import { map, program, struct, u32, u64, variable } from "zeta/bpf";

const entry = struct({ count: u32 });
const entries = map.hash({ key: u32, value: entry, max: 8 });
const seen = variable(u64, 0n);

export const nullTests = program("nullTests", (frame) => {
  let found: u64 = 0n;
  const one = entries.get(1);
  if (one !== null) found = 7n;
  const two = entries.get(2);
  if (two !== null) found = 7n;
  seen.value = found;
  const three = entries.get(frame.length & 3);
  const none = one === null && two === null;
  if (none || three === null) return 3;
  three.count += 1;
  return 2;
});
