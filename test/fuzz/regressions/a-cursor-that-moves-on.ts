/** A cursor that moves on in some turns of a loop stood elsewhere on every path, and the paths multiplied. */
import { extensionHeader, i32, map, program, struct, u32, u64, variable, vlanTag } from "zeta/bpf";

const seen = variable(u64, 0n);
const first = map.hash({ key: u32, value: struct({ number: i32 }), max: 64 });
const second = map.lruHash({ key: u32, value: struct({ word: u32 }), max: 64 });
const third = map.hash({ key: u32, value: struct({ word: u64 }), max: 64 });

export const moving = program("moving", (frame) => {
  const cursor = frame.cursor();
  for (let i = 0; i < 7; i++) {
    const one = first.get(i & 3);
    if (one !== null) {
      const two = second.get((cursor.position - 1) & 3);
      if (two !== null) {
        if (100 / one.number < 4) {
          if (cursor.take(extensionHeader) === null) return 1;
        }
        seen.value = seen.value * 31n + 1n;
      }
    }
    if (third.get(0) !== null) {
      const slice = cursor.slice(57);
      if (slice !== null && slice.take(vlanTag) === null) return 3;
    }
  }
  return cursor.position & 1 ? 2 : 1;
});
