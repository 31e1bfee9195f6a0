/** The verifier computed a number that a callback hands to its next turn, exactly, for turns without end. */
import { loop, program, u64, variable } from "zeta/bpf";

const seen = variable(u64, 0n);

export const handedOn = program("handedOn", (frame) => {
  let hash: u64 = 5n;
  let other: u64 = 7n;
  loop(frame.length & 15, (index) => {
    if ((frame.length & index) > 3) hash = (hash * 31n) ^ 9n;
    else other = other * 33n + hash;
    return hash + other > 0xffff_ffffn;
  });
  switch (hash) {
    case 3n:
      return 1;
    case 164n:
      seen.value += 1n;
      break;
    default:
      seen.value += hash;
  }
  return other > 1000n ? 2 : 3;
});
