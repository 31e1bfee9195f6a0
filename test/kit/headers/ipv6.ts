/** IPv6 (RFC 8200). */
import { formatIpv6 } from "../../../sdk/layout/address.ts";
import { concat, get8, get16, get32, getWide, ipv6Bytes, u16, u32 } from "../bytes.ts";
import { type Codec, EMPTY, layerOfNextHeader, needs, protocolOf } from "./codec.ts";

export const ipv6: Codec<"ipv6"> = {
  computed: ["payloadLength", "nextHeader"],
  encode(spec, { payload, next }) {
    const word =
      ((spec.version ?? 6) << 28) |
      ((spec.dscp ?? 0) << 22) |
      ((spec.ecn ?? 0) << 20) |
      ((spec.flowLabel ?? 0) & 0xfffff);
    return concat(
      u32(word),
      u16(spec.payloadLength ?? payload.length),
      [spec.nextHeader ?? protocolOf(next), spec.hopLimit ?? 64],
      ipv6Bytes(spec.source ?? "::"),
      ipv6Bytes(spec.destination ?? "::"),
      payload,
      spec.trailer ?? EMPTY,
    );
  },
  decode(bytes) {
    if (bytes.length < 40) return needs(40, bytes);
    const word = get32(bytes, 0);
    const version = word >>> 28;
    if (version !== 6) return { stop: `has version ${version}` };
    const payloadLength = get16(bytes, 4);
    const nextHeader = get8(bytes, 6);
    return {
      layer: {
        kind: "ipv6",
        version,
        dscp: (word >>> 22) & 0x3f,
        ecn: (word >>> 20) & 3,
        flowLabel: word & 0xfffff,
        payloadLength,
        nextHeader,
        hopLimit: get8(bytes, 7),
        source: formatIpv6(getWide(bytes, 8, 16)),
        destination: formatIpv6(getWide(bytes, 24, 16)),
        trailer: bytes.subarray(40 + payloadLength),
      },
      headerSize: 40,
      payload: bytes.subarray(40, 40 + payloadLength),
      next: layerOfNextHeader(nextHeader),
      missing: Math.max(0, 40 + payloadLength - bytes.length),
    };
  },
};
