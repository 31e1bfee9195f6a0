/** ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861). */
import { formatIpv6, formatMac } from "../../../sdk/layout/address.ts";
import { concat, get8, get16, get32, getWide, ipv6Bytes, macBytes, u16, u32 } from "../bytes.ts";
import { chosenChecksum } from "../checksum.ts";
import type { Icmpv6, Wish } from "../packet/layers.ts";
import type { NeighbourOption } from "../packet/options.ts";
import { type Codec, needs, PROTOCOL } from "./codec.ts";
import { transportChecksum } from "./transport.ts";

export const ICMPV6 = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echo: 128,
  echoReply: 129,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
} as const;

const isNeighbour = (type: number): boolean =>
  type === ICMPV6.neighbourSolicitation || type === ICMPV6.neighbourAdvertisement;

function optionBytes(option: NeighbourOption): number[] {
  switch (option.kind) {
    case "sourceLinkAddress":
      return [1, 1, ...macBytes(option.mac)];
    case "targetLinkAddress":
      return [2, 1, ...macBytes(option.mac)];
    case "other":
      return [option.type, (option.data.length + 2) >> 3, ...option.data];
    case "malformed":
      return [...option.data];
  }
}

function readOptions(bytes: Uint8Array): NeighbourOption[] {
  const options: NeighbourOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 8 * (bytes[at + 1] ?? 0);
    if (length === 0 || at + length > bytes.length)
      return [...options, { kind: "malformed", data: bytes.subarray(at) }];
    const type = get8(bytes, at);
    if ((type === 1 || type === 2) && length === 8) {
      options.push({
        kind: type === 1 ? "sourceLinkAddress" : "targetLinkAddress",
        mac: formatMac(getWide(bytes, at + 2, 6)),
      });
    } else options.push({ kind: "other", type, data: bytes.subarray(at + 2, at + length) });
    at += length;
  }
  return options;
}

function bodyBytes(spec: Wish<"icmpv6">): number[] {
  const word =
    spec.identifier !== undefined || spec.sequence !== undefined
      ? [...u16(spec.identifier ?? 0), ...u16(spec.sequence ?? 0)]
      : u32(spec.mtu ?? spec.rest ?? 0);
  return spec.target === undefined
    ? word
    : [...word, ...ipv6Bytes(spec.target), ...(spec.options ?? []).flatMap(optionBytes)];
}

function readBody(type: number, bytes: Uint8Array): Partial<Icmpv6> {
  if (type === ICMPV6.echo || type === ICMPV6.echoReply)
    return { identifier: get16(bytes, 4), sequence: get16(bytes, 6) };
  if (type === ICMPV6.packetTooBig) return { mtu: get32(bytes, 4) };
  const rest = { rest: get32(bytes, 4) };
  return isNeighbour(type)
    ? { ...rest, target: formatIpv6(getWide(bytes, 8, 16)), options: readOptions(bytes.subarray(24)) }
    : rest;
}

export const icmpv6: Codec<"icmpv6"> = {
  computed: ["checksum"],
  encode(spec, { payload, outer }) {
    const message = concat([spec.type ?? ICMPV6.echo, spec.code ?? 0, 0, 0], bodyBytes(spec), payload);
    message.set(u16(chosenChecksum(spec.checksum, transportChecksum(outer, PROTOCOL.icmpv6, message))), 2);
    return message;
  },
  decode(bytes) {
    if (bytes.length < 8) return needs(8, bytes);
    const type = get8(bytes, 0);
    if (isNeighbour(type) && bytes.length < 24) return needs(24, bytes);
    const headerSize = isNeighbour(type) ? bytes.length : 8;
    return {
      layer: { kind: "icmpv6", type, code: get8(bytes, 1), checksum: get16(bytes, 2), ...readBody(type, bytes) },
      headerSize,
      payload: bytes.subarray(headerSize),
      // Errors are below 128 and carry the packet they are about.
      next: type >= ICMPV6.unreachable && type <= ICMPV6.parameterProblem ? "ipv6" : null,
      missing: 0,
    };
  },
};
