/** Matchers for vitest: `import "zeta/testing/vitest"` registers them. The only module of the kit that needs vitest. */
import { expect } from "vitest";
import {
  type Check,
  checkChecksums,
  checkFields,
  checkPacket,
  checkVerdict,
  type ExpectedFields,
  type PacketLike,
} from "./matchers/checks.ts";
import type { ExpectedVerdict } from "./matchers/verdict.ts";

interface PacketMatchers<R = unknown> {
  /** Of an outcome: "pass", "drop", "transmit", "redirect", "aborted", or "forward" for either way of sending on. */
  toHaveVerdict(verdict: ExpectedVerdict): R;
  /** Byte for byte; a mismatch prints the fields that differ. */
  toEqualPacket(packet: PacketLike): R;
  /** Every checksum of the packet, in tunnels too. */
  toHaveValidChecksums(): R;
  /** `{ "ipv4.destination": "10.0.0.1", "tcp.destinationPort": 80 }`. */
  toHaveFields(fields: ExpectedFields): R;
}

declare module "vitest" {
  // The type parameters must be vitest's own, both of them.
  interface Matchers<R extends void | Promise<void>, T> extends PacketMatchers<R> {}
}

const result = ({ pass, message }: Check) => ({ pass, message: () => message });

expect.extend({
  toHaveVerdict: (outcome: Parameters<typeof checkVerdict>[0], verdict: ExpectedVerdict) =>
    result(checkVerdict(outcome, verdict)),
  toEqualPacket: (received: PacketLike, expected: PacketLike) => result(checkPacket(received, expected)),
  toHaveValidChecksums: (received: PacketLike) => result(checkChecksums(received)),
  toHaveFields: (received: PacketLike, expected: ExpectedFields) => result(checkFields(received, expected)),
});
