/** Inside a loop nothing was known any more of the counters and tested names around it, and their use was refused. */
import { array, map, program, struct, u8, type u32 } from "zeta/bpf";

const table = map.array({ value: struct({ rows: array(array(u8, 4), 3) }), max: 2 });

export const outerCounters = program("outerCounters", (frame) => {
  let entry = table.at(0);
  if (frame.length > 60) entry = table.at(1);
  if (entry === null) return 1;
  let added: u32 = frame.length & 3;
  added += 1;
  for (let row = 0; row < 3; row++) {
    for (let column = 3; column > 0; column--) {
      const line = entry.rows[row];
      if (line !== undefined) line[column] = u8((entry.rows[row]?.[column] ?? 0) + added + row);
    }
  }
  return 2;
});
