/** The addresses that a transport checksum covers, found in the layers outside it. */
import type { Network } from "../checksum.ts";
import type { Layer, LayerSpec } from "../packet/layers.ts";

/**
 * Null when no IP header is outside. A routing header with segments left names the final destination
 * (RFC 8200 section 8.1): the first entry for segment routing, the last for the older types.
 */
export function networkOf(outer: readonly (LayerSpec | Layer)[]): Network | null {
  let finalDestination: string | undefined;
  for (let i = outer.length - 1; i >= 0; i--) {
    const layer = outer[i] as LayerSpec;
    if (layer.kind === "routing" && finalDestination === undefined) {
      const addresses = layer.addresses ?? [];
      const left = layer.segmentsLeft ?? addresses.length;
      if (left > 0) finalDestination = (layer.type ?? 4) === 4 ? addresses[0] : addresses.at(-1);
    }
    if (layer.kind === "ipv4") {
      return { family: 4, source: layer.source ?? "0.0.0.0", destination: layer.destination ?? "0.0.0.0" };
    }
    if (layer.kind === "ipv6") {
      return { family: 6, source: layer.source ?? "::", destination: finalDestination ?? layer.destination ?? "::" };
    }
  }
  return null;
}
