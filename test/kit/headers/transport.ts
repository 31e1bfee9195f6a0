/** Checksums over a segment and the pseudo-header of the IP header outside it. */
import { concat } from "../bytes.ts";
import { internetChecksum, pseudoHeader } from "../checksum.ts";
import type { Layer, LayerSpec } from "../packet/layers.ts";
import { networkOf } from "./network.ts";

/** The checksum of a segment whose checksum field is zero. Without an IP header outside, of the segment alone. */
export function transportChecksum(
  outer: readonly (LayerSpec | Layer)[],
  protocol: number,
  segment: Uint8Array,
): number {
  const network = networkOf(outer);
  const head = network === null ? new Uint8Array(0) : pseudoHeader(network, protocol, segment.length);
  return internetChecksum(concat(head, segment));
}
