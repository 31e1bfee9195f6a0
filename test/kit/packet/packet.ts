/** A packet: plain data of layers and bytes, and a few ways to get another packet from it. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { noSuchLayer } from "../problems.ts";
import { dissect } from "./dissect.ts";
import { encodeLayers } from "./encode.ts";
import { bytesOf, describe } from "./fields.ts";
import type { Layer, LayerKind, LayerOf, LayerSpec } from "./layers.ts";
import { type Overrides, override } from "./override.ts";
import { respec } from "./respec.ts";
import { tagged, type VlanTag } from "./tags.ts";

export interface Packet {
  /** As the dissector reads the bytes. */
  readonly layers: readonly Layer[];
  readonly bytes: Uint8Array;
  /** The same packet with other fields; lengths and checksums follow. */
  with(overrides: Overrides): Packet;
  /** Puts a tag behind the Ethernet header; 802.1Q unless told. */
  vlan(id: number, tag?: Omit<VlanTag, "id">): Packet;
  /** The first `length` bytes; lengths and checksums stay as they were. */
  truncate(length: number): Packet;
  /** The outermost layer of a kind, or the `index`-th, counted from outside. */
  layer<K extends LayerKind>(kind: K, index?: number): LayerOf<K>;
  /** The packet inside the outermost tunnel, as an Ethernet frame where it is one. */
  inner(): Packet;
}

const specsOf = new WeakMap<Packet, readonly LayerSpec[]>();

/** What the packet was built from; for packets made from bytes, what would build them. */
export const specOf = (packet: Packet): readonly LayerSpec[] => specsOf.get(packet) ?? respec(packet.bytes);

/** Methods do not show: two packets with the same layers and bytes are equal for any test library. */
function withMethods(plain: Pick<Packet, "layers" | "bytes">): Packet {
  const packet = plain as Packet;
  const missing = (kind: string): never => {
    throw new ZetaError([noSuchLayer(null, kind, describe(packet))]);
  };
  const methods: Omit<Packet, "layers" | "bytes"> = {
    with: (overrides) => build(...override(specOf(packet), overrides, missing)),
    vlan: (id, tag = {}) => build(...tagged(specOf(packet), [{ id, ...tag }], missing)),
    truncate: (length) => fromBytes(packet.bytes.slice(0, length)),
    layer(kind, index = 0) {
      const found = packet.layers.filter((layer) => layer.kind === kind)[index];
      return (found ?? missing(kind)) as unknown as LayerOf<typeof kind>;
    },
    inner() {
      const places = dissect(packet.bytes).places;
      const place = places.find(({ path }) => path.startsWith("inner.")) ?? missing("tunnel");
      return fromBytes(packet.bytes.slice(place.at));
    },
  };
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(packet, name, { value, enumerable: false });
  return packet;
}

/** Builds a packet from layers, outermost first. Whatever is left out is computed or has its default. */
export function build(...layers: readonly LayerSpec[]): Packet {
  const packet = fromBytes(encodeLayers(layers));
  specsOf.set(packet, layers);
  return packet;
}

/** A packet from the bytes of an Ethernet frame, however broken. */
export const fromBytes = (bytes: Uint8Array): Packet => withMethods({ layers: dissect(bytes).layers, bytes });

export const toPacket = (subject: Packet | Uint8Array): Packet =>
  subject instanceof Uint8Array ? fromBytes(subject) : "with" in subject ? subject : fromBytes(bytesOf(subject));
