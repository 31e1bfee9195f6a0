/** Modules that the back end's tests compile, load and run. */
import type { Module } from "../../../compiler/ir/ir.ts";

export interface TestModule {
  readonly module: Module;
  /** Needs instructions that v2 lacks. */
  readonly needsV3?: boolean;
  /** Packets to run on both targets; none where the result depends on the machine. */
  readonly packets?: readonly Uint8Array[];
}

export const ABORTED = 0;
export const DROP = 1;
export const PASS = 2;
export const TX = 3;

/** A packet of `length` bytes, begun with `start`, then counting up. */
export const packet = (length: number, start: readonly number[] = []): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => start[index] ?? index & 0xff);

/** Ethernet, IPv4 with `words` words of header, UDP to `port`, then eight bytes. */
export function udpPacket(port: number, words = 5): Uint8Array {
  const header = new Uint8Array(14 + words * 4 + 16);
  header.set([0x08, 0x00, 0x40 | words], 12);
  header[23] = 17;
  header.set([0x12, 0x34, port >> 8, port & 0xff], 14 + words * 4);
  return header;
}
