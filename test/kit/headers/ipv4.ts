/** IPv4 with options (RFC 791). */
import { formatIpv4 } from "../../../sdk/layout/address.ts";
import { concat, get8, get16, get32, ipv4Bytes, padded, u16 } from "../bytes.ts";
import { chosenChecksum, internetChecksum } from "../checksum.ts";
import type { Ipv4Option } from "../packet/options.ts";
import { type Codec, EMPTY, layerOfProtocol, needs, PROTOCOL, protocolOf } from "./codec.ts";

const RECORD_ROUTE = 7;
const ROUTER_ALERT = 148;

function optionBytes(option: Ipv4Option): number[] {
  switch (option.kind) {
    case "end":
      return [0];
    case "nop":
      return [1];
    case "recordRoute":
      return [RECORD_ROUTE, 3 + 4 * option.addresses.length, option.pointer, ...option.addresses.flatMap(ipv4Bytes)];
    case "routerAlert":
      return [ROUTER_ALERT, 4, ...u16(option.value)];
    case "other":
      return [option.type, 2 + option.data.length, ...option.data];
    case "malformed":
      return [...option.data];
  }
}

function readOption(type: number, data: Uint8Array): Ipv4Option {
  if (type === ROUTER_ALERT && data.length === 2) return { kind: "routerAlert", value: get16(data, 0) };
  if (type === RECORD_ROUTE && data.length >= 1 && (data.length - 1) % 4 === 0) {
    const addresses = Array.from({ length: (data.length - 1) / 4 }, (_, i) => formatIpv4(get32(data, 1 + 4 * i)));
    return { kind: "recordRoute", pointer: get8(data, 0), addresses };
  }
  return { kind: "other", type, data };
}

function readOptions(bytes: Uint8Array): Ipv4Option[] {
  const options: Ipv4Option[] = [];
  for (let at = 0; at < bytes.length; ) {
    const type = get8(bytes, at);
    const length = type <= 1 ? 1 : (bytes[at + 1] ?? 0);
    const rest = bytes.subarray(at);
    if (type === 0 && rest.every((byte) => byte === 0)) options.push({ kind: "end" });
    else if (type === 1) options.push({ kind: "nop" });
    else if (type === 0 || length < 2 || length > rest.length) return [...options, { kind: "malformed", data: rest }];
    else options.push(readOption(type, rest.subarray(2, length)));
    at += length;
  }
  return options;
}

export const ipv4: Codec<"ipv4"> = {
  computed: ["headerLength", "totalLength", "protocol", "checksum"],
  encode(spec, { payload, next }) {
    const options = padded((spec.options ?? []).flatMap(optionBytes), 4);
    const size = 20 + options.length;
    const flags =
      ((spec.reservedFlag ?? false) ? 0x8000 : 0) |
      ((spec.dontFragment ?? true) ? 0x4000 : 0) |
      ((spec.moreFragments ?? false) ? 0x2000 : 0);
    const protocol = spec.protocol ?? (next === undefined ? PROTOCOL.experimental : protocolOf(next));
    const header = concat(
      [((spec.version ?? 4) << 4) | ((spec.headerLength ?? size) >> 2), ((spec.dscp ?? 0) << 2) | (spec.ecn ?? 0)],
      u16(spec.totalLength ?? size + payload.length),
      u16(spec.identification ?? 0),
      u16(flags | ((spec.fragmentOffset ?? 0) >> 3)),
      [spec.ttl ?? 64, protocol],
      [0, 0],
      ipv4Bytes(spec.source ?? "0.0.0.0"),
      ipv4Bytes(spec.destination ?? "0.0.0.0"),
      options,
    );
    header.set(u16(chosenChecksum(spec.checksum, internetChecksum(header))), 10);
    return concat(header, payload, spec.trailer ?? EMPTY);
  },
  decode(bytes) {
    if (bytes.length < 20) return needs(20, bytes);
    const version = get8(bytes, 0) >> 4;
    const headerLength = (get8(bytes, 0) & 15) * 4;
    const totalLength = get16(bytes, 2);
    if (version !== 4) return { stop: `has version ${version}` };
    if (headerLength < 20) return { stop: `has a header length of ${headerLength} bytes` };
    if (bytes.length < headerLength) return needs(headerLength, bytes);
    if (totalLength < headerLength)
      return { stop: `has a total length of ${totalLength} bytes, below its header's ${headerLength}` };
    const fragment = get16(bytes, 6);
    const fragmentOffset = (fragment & 0x1fff) * 8;
    const protocol = get8(bytes, 9);
    return {
      layer: {
        kind: "ipv4",
        version,
        headerLength,
        dscp: get8(bytes, 1) >> 2,
        ecn: get8(bytes, 1) & 3,
        totalLength,
        identification: get16(bytes, 4),
        reservedFlag: (fragment & 0x8000) !== 0,
        dontFragment: (fragment & 0x4000) !== 0,
        moreFragments: (fragment & 0x2000) !== 0,
        fragmentOffset,
        ttl: get8(bytes, 8),
        protocol,
        checksum: get16(bytes, 10),
        source: formatIpv4(get32(bytes, 12)),
        destination: formatIpv4(get32(bytes, 16)),
        options: readOptions(bytes.subarray(20, headerLength)),
        trailer: bytes.subarray(totalLength),
      },
      headerSize: headerLength,
      payload: bytes.subarray(headerLength, totalLength),
      next: fragmentOffset > 0 ? null : layerOfProtocol(protocol),
      missing: Math.max(0, totalLength - bytes.length),
    };
  },
};
