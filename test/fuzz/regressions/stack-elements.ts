/** LLVM reached an element of stack memory, whose alignment it knows, by an "or" of pointer and index. */
import { array, local, program, struct, u8, u32, variable } from "zeta/bpf";

const seen = variable(u32, 0);

export const stackElements = program("stackElements", (frame) => {
  const bytes = local(struct({ items: array(u8, 2) }));
  bytes.items[frame.length & 1] = 5;
  seen.value = bytes.items[frame.cursor(20).remaining] ?? 9;
  return 2;
});
