/** The interpreter's packets found in their headroom what earlier packets had written there. */
import { Action, header, program, u32, u64 } from "zeta/bpf";

const words = header({ one: u64, two: u32 });

export const grownHead = program("grownHead", (frame) => {
  if (!frame.adjustHead(frame.length & 1 ? -12 : -20)) return Action.Drop;
  const head = frame.cursor().take(words);
  if (head === null) return Action.Drop;
  head.two = head.two + 0x01020304;
  return Action.Transmit;
});
