/** What was known of the packet doubled with every test of a variable, until memory ran out. */
import { Action, ethernetHeader, ipv4Header, program, type u32 } from "zeta/bpf";

export const manyTests = program("manyTests", (frame) => {
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  const ip = cursor.take(ipv4Header);
  if (ethernet === null || ip === null) return Action.Drop;
  let known: boolean = ip.ttl > 3;
  let count: u32 = 0;
  for (const bit of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768]) {
    if (known) count += 1;
    known = known ? ip.identification > bit : ethernet.type > bit;
    if (known && (ip.checksum & bit) !== 0) count += 3;
    if (!known) count += ip.ttl;
  }
  ip.identification = count & 0xffff;
  return known ? Action.Pass : Action.Transmit;
});
