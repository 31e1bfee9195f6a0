// What was asked of the packet before its tail moved was asked after it: LLVM read the packet's end as late as it could.
import { program, u32, u64, variable } from "zeta/bpf";

const seen = variable(u64, 0n);
export const p_1136 = program("p_1136", (frame) => {
  const long = frame.cursor().skip(63);
  if (!frame.adjustTail(31)) return 0;
  seen.value = u64(long ? 0x318f_1c62 : 5);
  return u32(0);
});
