/** Is a checksum in a packet right? */
import { concat, u16 } from "../bytes.ts";
import { internetChecksum } from "../checksum.ts";
import { PROTOCOL } from "../headers/codec.ts";
import { transportChecksum } from "../headers/transport.ts";
import type { Layer } from "./layers.ts";

export interface ChecksumVerdict {
  /** Path of the layer: "ipv4", "inner.tcp". */
  readonly layer: string;
  readonly found: number;
  /** The right value; null when it cannot be known. */
  readonly expected: number | null;
  /** `none`: UDP's zero, over either family. `unknown`: a fragment or a truncated packet. */
  readonly verdict: "right" | "wrong" | "none" | "unknown";
}

const zeroed = (bytes: Uint8Array, at: number): Uint8Array =>
  concat(bytes.subarray(0, at), u16(0), bytes.subarray(at + 2));

function expectedChecksum(layer: Layer, datagram: Uint8Array, outer: readonly Layer[]): number {
  switch (layer.kind) {
    case "ipv4":
      return internetChecksum(zeroed(datagram.subarray(0, layer.headerLength), 10));
    case "icmp":
      return internetChecksum(zeroed(datagram, 2));
    case "icmpv6":
      return transportChecksum(outer, PROTOCOL.icmpv6, zeroed(datagram, 2));
    case "tcp":
      return transportChecksum(outer, PROTOCOL.tcp, zeroed(datagram, 16));
    default:
      return transportChecksum(outer, PROTOCOL.udp, zeroed(datagram, 6)) || 0xffff;
  }
}

/** Null for layers without a checksum. `datagram` starts at the layer; `layers` end with it; `whole`: nothing of it is elsewhere. */
export function verifyChecksum(
  layer: Layer,
  path: string,
  datagram: Uint8Array,
  layers: readonly Layer[],
  whole: boolean,
): ChecksumVerdict | null {
  if (!("checksum" in layer)) return null;
  const found = layer.checksum;
  if (layer.kind === "udp" && found === 0) return { layer: path, found, expected: null, verdict: "none" };
  if (layer.kind !== "ipv4" && !whole) return { layer: path, found, expected: null, verdict: "unknown" };
  const expected = expectedChecksum(layer, datagram, layers);
  return { layer: path, found, expected, verdict: found === expected ? "right" : "wrong" };
}
