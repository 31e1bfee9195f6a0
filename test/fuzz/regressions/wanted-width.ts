/** A literal given to a struct's field was a u64, because elsewhere something assigned a property of that name. */
import { ipv6, map, program, struct, u32 } from "zeta/bpf";

const last = map.array({ value: struct({ source: ipv6, serial: u32 }), max: 1 });

export const wantedWidth = program("wantedWidth", (frame) => {
  last.set(0, { source: 0x2001_0db8_0000_0000_0000_0000_0000_0001n, serial: 0 });
  const entry = last.at(0);
  if (entry === null) return 1;
  entry.source = entry.source ^ 0xffn;
  entry.serial = frame.length;
  return 2;
});
