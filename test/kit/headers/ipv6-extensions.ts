/** Extension headers of IPv6: hop-by-hop, destination options, routing and fragment (RFC 8200 section 4). */
import { formatIpv6 } from "../../../sdk/layout/address.ts";
import { concat, get8, get16, get32, getWide, ipv6Bytes, padded, u16, u32 } from "../bytes.ts";
import type { DestinationOption } from "../packet/options.ts";
import { type Codec, layerOfNextHeader, needs, protocolOf } from "./codec.ts";

const ROUTER_ALERT = 5;

function optionBytes(option: DestinationOption): number[] {
  switch (option.kind) {
    case "pad1":
      return [0];
    case "padN":
      return [1, option.data.length, ...option.data];
    case "routerAlert":
      return [ROUTER_ALERT, 2, ...u16(option.value)];
    case "other":
      return [option.type, option.data.length, ...option.data];
    case "malformed":
      return [...option.data];
  }
}

function readOption(type: number, data: Uint8Array): DestinationOption {
  if (type === 1) return { kind: "padN", data };
  return type === ROUTER_ALERT && data.length === 2
    ? { kind: "routerAlert", value: get16(data, 0) }
    : { kind: "other", type, data };
}

function readOptions(bytes: Uint8Array): DestinationOption[] {
  const options: DestinationOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const type = get8(bytes, at);
    const length = type === 0 ? 1 : 2 + (bytes[at + 1] ?? bytes.length);
    if (at + length > bytes.length) return [...options, { kind: "malformed", data: bytes.subarray(at) }];
    options.push(type === 0 ? { kind: "pad1" } : readOption(type, bytes.subarray(at + 2, at + length)));
    at += length;
  }
  return options;
}

/** Fills up to a multiple of eight with Pad1 or PadN, as RFC 8200 section 4.2 asks. */
function paddedOptions(options: number[]): number[] {
  const missing = (8 - ((options.length + 2) % 8)) % 8;
  if (missing === 0) return options;
  return missing === 1 ? [...options, 0] : [...options, 1, missing - 2, ...new Array<number>(missing - 2).fill(0)];
}

/** Bytes from the length octet, which counts units of eight after the first. */
const sizeOf = (bytes: Uint8Array): number => 8 * (1 + get8(bytes, 1));

function optionsHeader<K extends "hopByHop" | "destinationOptions">(kind: K): Codec<K> {
  return {
    computed: ["nextHeader", "headerLength"],
    encode(spec, { payload, next }) {
      const options = paddedOptions((spec.options ?? []).flatMap(optionBytes));
      const length = ((spec.headerLength ?? options.length + 2) >> 3) - 1;
      return concat([spec.nextHeader ?? protocolOf(next), length & 0xff], options, payload);
    },
    decode(bytes) {
      if (bytes.length < 8) return needs(8, bytes);
      const headerLength = sizeOf(bytes);
      if (bytes.length < headerLength) return needs(headerLength, bytes);
      const nextHeader = get8(bytes, 0);
      return {
        layer: { kind, nextHeader, headerLength, options: readOptions(bytes.subarray(2, headerLength)) },
        headerSize: headerLength,
        payload: bytes.subarray(headerLength),
        next: layerOfNextHeader(nextHeader),
        missing: 0,
      } as ReturnType<Codec<K>["decode"]>;
    },
  };
}

export const hopByHop = optionsHeader("hopByHop");
export const destinationOptions = optionsHeader("destinationOptions");

/** Source route, mobility and segment routing carry addresses; the meaning of other types is unknown. */
const CARRIES_ADDRESSES: ReadonlySet<number> = new Set([0, 2, 4]);

export const routing: Codec<"routing"> = {
  computed: ["nextHeader", "headerLength"],
  encode(spec, { payload, next }) {
    const addresses = spec.addresses ?? [];
    const type = spec.type ?? 4;
    // Segment routing names the index of its last entry in the first of the four bytes.
    const reserved = spec.reserved ?? (type === 4 ? Math.max(0, addresses.length - 1) * 2 ** 24 : 0);
    const body = padded([...u32(reserved), ...addresses.flatMap(ipv6Bytes), ...(spec.data ?? []), 0, 0, 0, 0], 8).slice(
      0,
      -4,
    );
    const length = ((spec.headerLength ?? body.length + 4) >> 3) - 1;
    return concat(
      [spec.nextHeader ?? protocolOf(next), length & 0xff, type, spec.segmentsLeft ?? addresses.length],
      body,
      payload,
    );
  },
  decode(bytes) {
    if (bytes.length < 8) return needs(8, bytes);
    const headerLength = sizeOf(bytes);
    if (bytes.length < headerLength) return needs(headerLength, bytes);
    const nextHeader = get8(bytes, 0);
    const type = get8(bytes, 2);
    const room = Math.floor((headerLength - 8) / 16);
    // A segment routing header may end with TLVs: its last entry says how many addresses there are.
    const count = CARRIES_ADDRESSES.has(type)
      ? type === 4 && headerLength > 8
        ? Math.min(room, get8(bytes, 4) + 1)
        : room
      : 0;
    return {
      layer: {
        kind: "routing",
        nextHeader,
        headerLength,
        type,
        segmentsLeft: get8(bytes, 3),
        reserved: get32(bytes, 4),
        addresses: Array.from({ length: count }, (_, i) => formatIpv6(getWide(bytes, 8 + 16 * i, 16))),
        data: bytes.subarray(8 + 16 * count, headerLength),
      },
      headerSize: headerLength,
      payload: bytes.subarray(headerLength),
      next: layerOfNextHeader(nextHeader),
      missing: 0,
    };
  },
};

export const fragment: Codec<"fragment"> = {
  computed: ["nextHeader"],
  encode(spec, { payload, next }) {
    const word = (spec.offset ?? 0) | ((spec.reservedBits ?? 0) << 1) | ((spec.moreFragments ?? false) ? 1 : 0);
    return concat(
      [spec.nextHeader ?? protocolOf(next), spec.reserved ?? 0],
      u16(word),
      u32(spec.identification ?? 0),
      payload,
    );
  },
  decode(bytes) {
    if (bytes.length < 8) return needs(8, bytes);
    const nextHeader = get8(bytes, 0);
    const word = get16(bytes, 2);
    const offset = word & 0xfff8;
    return {
      layer: {
        kind: "fragment",
        nextHeader,
        reserved: get8(bytes, 1),
        offset,
        reservedBits: (word >> 1) & 3,
        moreFragments: (word & 1) !== 0,
        identification: get32(bytes, 4),
      },
      headerSize: 8,
      payload: bytes.subarray(8),
      next: offset > 0 ? null : layerOfNextHeader(nextHeader),
      missing: 0,
    };
  },
};
