/**
 * The kit in vitest: importing this registers the matchers, and `onEveryTarget` runs tests on every target.
 * The only module of the kit that needs vitest.
 */
import { afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
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
import { onEveryTargetWith, type TestTarget } from "./targets/every.ts";
import type { Source, TargetOptions } from "./targets/target.ts";

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

/**
 * Declares tests once for the interpreter and once for the kernel; the program is loaded anew for each test.
 *
 * ```ts
 * onEveryTarget(new URL("./service.ts", import.meta.url), (target) => {
 *   test("a SYN passes", async () => {
 *     const [syn] = await target.run(tcp("10.0.0.7:40000", "10.1.0.1:80").syn());
 *     expect(syn).toHaveVerdict("pass");
 *   });
 * });
 * ```
 */
export const onEveryTarget = (source: Source, body: (target: TestTarget) => void, options: TargetOptions = {}): void =>
  onEveryTargetWith({ describe, beforeAll, beforeEach, afterEach }, source, body, options);
