/** A loop's bound was believed to stay what it was before the first turn; the body changed it. Refused: ZT2001. */
import { array, map, program, struct, u8, type u32 } from "zeta/bpf";

const items = map.array({ value: struct({ bytes: array(u8, 4) }), max: 1 });

export const movingBound = program("movingBound", (frame) => {
  let end: u32 = 3;
  const entry = items.at(0);
  if (entry === null) return 1;
  for (let i = 0; i < end; i++) {
    end = 5 + (frame.length & 63);
    entry.bytes[i] = 1;
  }
  return 2;
});
