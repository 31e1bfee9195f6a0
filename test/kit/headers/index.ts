/** The exhaustive table of headers: a kind without a codec is a type error. */
import type { Layer, LayerKind, LayerSpec } from "../packet/layers.ts";
import { type Around, type Codec, type Decoded, EMPTY, type Stop } from "./codec.ts";
import { icmp } from "./icmp.ts";
import { icmpv6 } from "./icmpv6.ts";
import { ipv4 } from "./ipv4.ts";
import { ipv6 } from "./ipv6.ts";
import { destinationOptions, fragment, hopByHop, routing } from "./ipv6-extensions.ts";
import { arp, ethernet, vlan } from "./link.ts";
import { tcp } from "./tcp.ts";
import { geneve, vxlan } from "./tunnels.ts";
import { udp } from "./udp.ts";

const payload: Codec<"payload"> = {
  computed: [],
  encode: (spec) => spec.bytes ?? EMPTY,
  decode: (bytes) => ({
    layer: { kind: "payload", bytes },
    headerSize: bytes.length,
    payload: EMPTY,
    next: null,
    missing: 0,
  }),
};

export const CODECS: { readonly [K in LayerKind]: Codec<K> } = {
  ethernet,
  vlan,
  arp,
  ipv4,
  ipv6,
  hopByHop,
  routing,
  fragment,
  destinationOptions,
  tcp,
  udp,
  icmp,
  icmpv6,
  vxlan,
  geneve,
  payload,
};

// A union of kinds cannot be correlated with its codec by the type checker; these two are the only places that say so.
export const encodeLayer = (spec: LayerSpec, around: Around): Uint8Array =>
  (CODECS[spec.kind] as Codec<LayerKind>).encode(spec as never, around);

/** A decoding whose kind is only known at run time. */
export type AnyDecoded = Omit<Decoded<LayerKind>, "layer"> & { readonly layer: Layer };

export const decodeLayer = (kind: LayerKind, bytes: Uint8Array): AnyDecoded | Stop =>
  (CODECS[kind] as Codec<LayerKind>).decode(bytes) as AnyDecoded | Stop;
