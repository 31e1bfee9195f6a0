/** A literal given as a record was a u32, because elsewhere something assigned a u32 of that name, and was refused for an i32. */
import { i32, map, program, struct, u32 } from "zeta/bpf";

const ring = map.ringBuffer({ max: 4096 });
const assigned = struct({ part: u32 });
const given = struct({ part: i32, inner: struct({ part: i32 }) });

export const wantedRecord = program("wantedRecord", (frame) => {
  const record = ring.reserve(assigned);
  if (record !== null) {
    record.part = frame.length;
    ring.submit(record);
  }
  return ring.output(given, { part: -5, inner: { part: 0 } }) ? 1 : 2;
});
