/** UDP (RFC 768). */
import { concat, get16, u16 } from "../bytes.ts";
import { chosenChecksum } from "../checksum.ts";
import type { LayerKind, LayerSpec } from "../packet/layers.ts";
import { type Codec, EMPTY, needs, PORT, PROTOCOL } from "./codec.ts";
import { transportChecksum } from "./transport.ts";

const tunnelPort = (next: LayerSpec | undefined): number =>
  next?.kind === "vxlan" || next?.kind === "geneve" ? PORT[next.kind] : 0;

const tunnelOf = (port: number): LayerKind | null =>
  port === PORT.vxlan ? "vxlan" : port === PORT.geneve ? "geneve" : null;

export const udp: Codec<"udp"> = {
  computed: ["length", "checksum"],
  encode(spec, { payload, next, outer }) {
    const datagram = concat(
      u16(spec.sourcePort ?? 0),
      u16(spec.destinationPort ?? tunnelPort(next)),
      u16(spec.length ?? 8 + payload.length),
      [0, 0],
      payload,
    );
    // A computed zero is sent as all ones, since zero means "no checksum".
    const right = transportChecksum(outer, PROTOCOL.udp, datagram) || 0xffff;
    datagram.set(u16(chosenChecksum(spec.checksum, right)), 6);
    return concat(datagram, spec.trailer ?? EMPTY);
  },
  decode(bytes) {
    if (bytes.length < 8) return needs(8, bytes);
    const length = get16(bytes, 4);
    if (length < 8) return { stop: `has a length of ${length} bytes` };
    const destinationPort = get16(bytes, 2);
    return {
      layer: {
        kind: "udp",
        sourcePort: get16(bytes, 0),
        destinationPort,
        length,
        checksum: get16(bytes, 6),
        trailer: bytes.subarray(length),
      },
      headerSize: 8,
      payload: bytes.subarray(8, length),
      next: tunnelOf(destinationPort),
      missing: Math.max(0, length - bytes.length),
    };
  },
};
