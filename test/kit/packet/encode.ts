/** Layers → bytes, from the innermost outwards, so that every length and checksum covers finished bytes. */
import { EMPTY } from "../headers/codec.ts";
import { encodeLayer } from "../headers/index.ts";
import type { LayerSpec } from "./layers.ts";

export function encodeLayers(specs: readonly LayerSpec[]): Uint8Array {
  let payload: Uint8Array = EMPTY;
  for (let i = specs.length - 1; i >= 0; i--) {
    payload = encodeLayer(specs[i] as LayerSpec, { payload, next: specs[i + 1], outer: specs.slice(0, i) });
  }
  return payload;
}
