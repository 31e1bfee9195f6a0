/** Seeded random traffic for tests and the fuzzer. */
import { fromBytes, type Packet } from "../packet/packet.ts";
import { random } from "../random.ts";
import { damaged } from "./damage.ts";
import { wellFormed } from "./well-formed.ts";

export interface PacketsOptions {
  /** Share of packets that are broken: 0.3 unless told. */
  readonly broken?: number;
  /** Shortest packet; 0 unless told. The kernel's test run takes none under 14 bytes. */
  readonly shortest?: number;
}

/**
 * `count` packets: well-formed ones of every kind, truncated ones, ones with changed headers or flipped bits, and a few of pure noise.
 * The same seed gives the same packets; the first n of a longer run are those of a shorter one.
 */
export function packets(seed: number, count: number, { broken = 0.3, shortest = 0 }: PacketsOptions = {}): Packet[] {
  const draw = random(seed);
  const padded = (packet: Packet): Packet => {
    const missing = shortest - packet.bytes.length;
    return missing <= 0 ? packet : fromBytes(Uint8Array.from({ length: shortest }, (_, i) => packet.bytes[i] ?? 0));
  };
  return Array.from({ length: count }, () => {
    // A generator for each packet: how much one draws does not change the next.
    const own = draw.fork();
    if (!own.chance(broken)) return padded(wellFormed(own));
    return padded(own.chance(0.05) ? fromBytes(own.bytes(own.below(200))) : damaged(wellFormed(own), own));
  });
}
