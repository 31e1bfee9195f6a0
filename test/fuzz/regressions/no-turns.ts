/** The verifier never looks at the callback of a loop that it knows to have no turns, and missed it later. */
import { loop, map, program, struct, u32, u64, variable } from "zeta/bpf";

const commands = map.userRingBuffer({ max: 4096 });
const seen = variable(u64, 0n);

export const noTurns = program("noTurns", (frame) => {
  commands.drain(struct({ word: u64 }), (command) => {
    seen.value += command.word;
  });
  loop(0, () => {
    seen.value += 1n;
  });
  const none = frame.length < 14 ? frame.length : 0;
  return (
    u32(2) +
    loop(none & 3, (index) => {
      seen.value += index > 0 ? 5n : 7n;
    })
  );
});
