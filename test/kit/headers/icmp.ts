/** ICMP (RFC 792, RFC 1191). */
import { formatIpv4 } from "../../../sdk/layout/address.ts";
import { concat, get8, get16, get32, ipv4Bytes, u16, u32 } from "../bytes.ts";
import { chosenChecksum, internetChecksum } from "../checksum.ts";
import type { Icmp, Wish } from "../packet/layers.ts";
import { type Codec, needs } from "./codec.ts";

export const ICMP = {
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echo: 8,
  timeExceeded: 11,
  parameterProblem: 12,
  timestamp: 13,
  timestampReply: 14,
} as const;

const WITH_IDENTIFIER: ReadonlySet<number> = new Set([ICMP.echoReply, ICMP.echo, ICMP.timestamp, ICMP.timestampReply]);
/** Errors carry the header of the packet they are about. */
const QUOTES: ReadonlySet<number> = new Set([
  ICMP.unreachable,
  ICMP.sourceQuench,
  ICMP.redirect,
  ICMP.timeExceeded,
  ICMP.parameterProblem,
]);

function wordBytes(spec: Wish<"icmp">): number[] {
  if (spec.gateway !== undefined) return ipv4Bytes(spec.gateway);
  if (spec.rest !== undefined) return u32(spec.rest);
  return [...u16(spec.identifier ?? spec.unused ?? 0), ...u16(spec.sequence ?? spec.mtu ?? 0)];
}

function readWord(type: number, bytes: Uint8Array): Partial<Icmp> {
  if (WITH_IDENTIFIER.has(type)) return { identifier: get16(bytes, 4), sequence: get16(bytes, 6) };
  if (type === ICMP.unreachable) return { unused: get16(bytes, 4), mtu: get16(bytes, 6) };
  return type === ICMP.redirect ? { gateway: formatIpv4(get32(bytes, 4)) } : { rest: get32(bytes, 4) };
}

export const icmp: Codec<"icmp"> = {
  computed: ["checksum"],
  encode(spec, { payload }) {
    const message = concat([spec.type ?? ICMP.echo, spec.code ?? 0, 0, 0], wordBytes(spec), payload);
    message.set(u16(chosenChecksum(spec.checksum, internetChecksum(message))), 2);
    return message;
  },
  decode(bytes) {
    if (bytes.length < 8) return needs(8, bytes);
    const type = get8(bytes, 0);
    return {
      layer: { kind: "icmp", type, code: get8(bytes, 1), checksum: get16(bytes, 2), ...readWord(type, bytes) },
      headerSize: 8,
      payload: bytes.subarray(8),
      next: QUOTES.has(type) ? "ipv4" : null,
      missing: 0,
    };
  },
};
