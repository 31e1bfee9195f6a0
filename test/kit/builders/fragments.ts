/** Fragmentation of a packet, as a router (IPv4) or a sender (IPv6) does it. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { dissect } from "../packet/dissect.ts";
import { describe } from "../packet/fields.ts";
import type { LayerKind, LayerSpec } from "../packet/layers.ts";
import { build, type Packet, specOf } from "../packet/packet.ts";
import { noSuchLayer } from "../problems.ts";

export interface FragmentOptions {
  /** Bytes of payload in each fragment but the last; rounded down to a multiple of 8. */
  readonly size: number;
  readonly identification?: number;
}

/** Headers that every fragment repeats: everything up to the IP header, and IPv6's hop-by-hop and routing headers. */
const REPEATED: ReadonlySet<LayerKind> = new Set(["ethernet", "vlan", "ipv4", "ipv6", "hopByHop", "routing"]);

/** The fragments of the outermost IP packet, in order. Transport checksums stay those of the whole. */
export function fragments(packet: Packet, { size, identification = 1 }: FragmentOptions): Packet[] {
  const { layers, places } = dissect(packet.bytes);
  const step = Math.max(8, size - (size % 8));
  const end = layers.findIndex((layer) => !REPEATED.has(layer.kind));
  const family = layers.find((layer) => layer.kind === "ipv4" || layer.kind === "ipv6")?.kind;
  if (family === undefined || end < 0) throw new ZetaError([noSuchLayer(null, "ipv4 or ipv6", describe(packet))]);
  const heads = specOf(packet).slice(0, end);
  const last = layers[end - 1] as { readonly protocol?: number; readonly nextHeader?: number };
  const whole = packet.bytes.subarray(places[end]?.at ?? 0);
  const next = last.protocol ?? last.nextHeader ?? 0;

  return Array.from({ length: Math.ceil(whole.length / step) }, (_, i) => {
    const offset = i * step;
    const moreFragments = offset + step < whole.length;
    const body: LayerSpec = { kind: "payload", bytes: whole.slice(offset, offset + step) };
    if (family === "ipv6") {
      return build(...heads, { kind: "fragment", nextHeader: next, offset, moreFragments, identification }, body);
    }
    const marked = heads.map(
      (spec): LayerSpec =>
        spec.kind === "ipv4"
          ? { ...spec, protocol: next, identification, dontFragment: false, moreFragments, fragmentOffset: offset }
          : spec,
    );
    return build(...marked, body);
  });
}
