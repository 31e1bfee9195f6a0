/** Headers as words in memory order, for checksum arithmetic and for copying between packets and tables without swaps. */
import { type address, array, type Of, struct, swapBytes, type u16 as U16, type u32 as U32, u16, u32 } from "zeta/bpf";
import type { endpointWords } from "../flow/entry.ts";

export const ipv4Words = struct({
  start: u16,
  totalLength: u16,
  identification: u16,
  fragment: u16,
  ttlAndProtocol: u16,
  checksum: u16,
  source: u32,
  destination: u32,
});
/** Of `fragment`: more fragments follow, or this is not the first. */
export const MORE_OR_LATER = 0xff3f;
export const ipv6Words = struct({ start: u32, lengthAndLimit: u32, source: array(u32, 4), destination: array(u32, 4) });
/** What TCP and UDP begin with. */
export const portWords = struct({ source: u16, destination: u16 });
export const tcpWords = struct({
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgement: u32,
  control: u16,
  window: u16,
  checksum: u16,
  urgent: u16,
});
export const udpWords = struct({ sourcePort: u16, destinationPort: u16, length: u16, checksum: u16 });
export const icmpWords = struct({ typeAndCode: u16, checksum: u16, identifier: u16, sequence: u16 });

/** An address and a port as they lie in packets. */
export const wordsOf = (at: address, port: U16, vni: U32 = 0): Of<typeof endpointWords> => ({
  address: [
    swapBytes.u32(u32(at >> 96n)),
    swapBytes.u32(u32(at >> 64n)),
    swapBytes.u32(u32(at >> 32n)),
    swapBytes.u32(u32(at)),
  ] as unknown as Of<typeof endpointWords>["address"],
  port: swapBytes.u16(port),
  spare: 0,
  vni,
});
