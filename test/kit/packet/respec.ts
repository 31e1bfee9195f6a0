/** Dissected layers → layers to build, so that a packet made of bytes can be changed like a built one. */

import { sameBytes } from "../bytes.ts";
import { CODECS } from "../headers/index.ts";
import { dissect } from "./dissect.ts";
import { encodeLayers } from "./encode.ts";
import type { Layer, LayerSpec } from "./layers.ts";

function withoutComputed(layer: Layer, keep: ReadonlySet<string>): LayerSpec {
  const computed = new Set<string>(CODECS[layer.kind].computed as readonly string[]);
  return Object.fromEntries(
    Object.entries(layer).filter(([name]) => !computed.has(name) || keep.has(name)),
  ) as unknown as LayerSpec;
}

/**
 * Lengths, checksums and protocol numbers that are what the builder would compute are left to it, so that they follow
 * a change; others (wrong checksums, fragments' lengths) stay as they are. Layers that cannot be rebuilt become payload.
 */
export function respec(bytes: Uint8Array): readonly LayerSpec[] {
  const { layers, places } = dissect(bytes);
  const quoted = places.findIndex((place) => place.path.includes("original."));
  const readable = quoted < 0 ? layers : layers.slice(0, quoted);
  const rest =
    quoted < 0 ? [] : [{ kind: "payload", bytes: bytes.subarray(places[quoted]?.at ?? bytes.length) } as const];
  const specs: LayerSpec[] = [...readable.map((layer) => withoutComputed(layer, new Set())), ...rest];

  // From the inside out: whatever comes out different is kept as found, which settles it for the layers outside.
  for (let i = readable.length - 1; i >= 0; i--) {
    const rebuilt = dissect(encodeLayers(specs)).layers[i];
    const layer = readable[i] as Layer;
    const differing = new Set<string>();
    for (const name of CODECS[layer.kind].computed as readonly string[]) {
      const [found, computed] = [(layer as never)[name], (rebuilt as never)?.[name]];
      if (found !== computed) differing.add(name);
    }
    specs[i] = withoutComputed(layer, differing);
  }
  return sameBytes(encodeLayers(specs), bytes) ? specs : [{ kind: "payload", bytes }];
}
