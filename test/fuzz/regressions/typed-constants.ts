/** A module's constant computed as the bare number it was written as, whatever its declared type. */
import { program, u32, variable } from "zeta/bpf";

const LIMIT: u32 = 5;
const seen = variable(u32, 0);

export const typedConstants = program("typedConstants", (frame) => {
  seen.value = (LIMIT - 4_068_162_142) ^ -LIMIT ^ (frame.length & (~LIMIT >>> 1));
  return LIMIT;
});
