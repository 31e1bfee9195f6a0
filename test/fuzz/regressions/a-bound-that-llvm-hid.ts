/** The least of three numbers bounds the loop, but no register shows it: the verifier turned a million times. */
import { program, u64, variable } from "zeta/bpf";

const seen = variable(u64, 0n);

export const hidden = program("hidden", (frame) => {
  const bound = Math.min(Math.min(frame.length, 8), 7);
  let total: u64 = seen.value;
  let turn = 0;
  do {
    turn++;
    total = total * (total ^ 31n);
  } while (turn < bound);
  seen.value = total + 1n;
  return turn === bound ? 2 : 1;
});
