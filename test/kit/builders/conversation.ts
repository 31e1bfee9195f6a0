/** What every conversation between two addresses shares: its Ethernet and IP headers. */
import { DEFAULT_DESTINATION_MAC, DEFAULT_SOURCE_MAC } from "../headers/link.ts";
import { type Ends, swapEnds } from "../packet/endpoint.ts";
import type { LayerSpec } from "../packet/layers.ts";
import type { Overrides } from "../packet/override.ts";
import { build, type Packet } from "../packet/packet.ts";

/** Both ends with their MAC addresses; everything a packet of one direction needs. */
export interface Direction extends Ends {
  readonly sourceMac: string;
  readonly destinationMac: string;
}

export const direction = (ends: Ends): Direction => ({
  ...ends,
  sourceMac: DEFAULT_SOURCE_MAC,
  destinationMac: DEFAULT_DESTINATION_MAC,
});

export const reversed = (way: Direction): Direction => ({
  ...swapEnds(way),
  sourceMac: way.destinationMac,
  destinationMac: way.sourceMac,
});

export function networkLayers(way: Direction): LayerSpec[] {
  const addresses = { source: way.source.address, destination: way.destination.address };
  return [
    { kind: "ethernet", source: way.sourceMac, destination: way.destinationMac },
    way.source.family === 4 ? { kind: "ipv4", ...addresses } : { kind: "ipv6", ...addresses },
  ];
}

const isWish = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !(value instanceof Uint8Array) && !Array.isArray(value);

/** The second over the first; what both say of one layer is joined. */
export function merged(usual: Overrides, now: Overrides): Overrides {
  const out: Record<string, unknown> = { ...usual };
  for (const [name, value] of Object.entries(now)) {
    const before = out[name];
    out[name] = isWish(before) && isWish(value) ? { ...before, ...value } : value;
  }
  return out;
}

/** MAC addresses belong to an end and must follow it when the direction turns; the rest applies both ways. */
export function absorbed(way: Direction, overrides: Overrides): { readonly way: Direction; readonly rest: Overrides } {
  const { sourceMac = way.sourceMac, destinationMac = way.destinationMac, ...rest } = overrides;
  return { way: { ...way, sourceMac, destinationMac }, rest };
}

/** A packet of this direction. `usual` are the conversation's overrides, `now` this packet's. */
export function packetOf(way: Direction, layers: readonly LayerSpec[], usual: Overrides, now: Overrides = {}): Packet {
  const packet = build(...networkLayers(way), ...layers);
  const both = merged(usual, now);
  return Object.keys(both).length === 0 ? packet : packet.with(both);
}

export const payloadLayer = (bytes: Uint8Array): LayerSpec[] =>
  bytes.length === 0 ? [] : [{ kind: "payload", bytes }];
