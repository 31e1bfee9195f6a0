/** VXLAN (RFC 7348) and Geneve (RFC 8926). */
import { concat, get8, get16, get24, u16, u24 } from "../bytes.ts";
import type { LayerKind } from "../packet/layers.ts";
import type { GeneveOption } from "../packet/options.ts";
import { type Codec, ETHER_TYPE, etherTypeOf, layerOfEtherType, needs } from "./codec.ts";

export const vxlan: Codec<"vxlan"> = {
  computed: [],
  encode: (spec, { payload }) =>
    concat([spec.flags ?? 8], u24(spec.reserved ?? 0), u24(spec.vni ?? 0), [spec.reservedEnd ?? 0], payload),
  decode(bytes) {
    if (bytes.length < 8) return needs(8, bytes);
    return {
      layer: {
        kind: "vxlan",
        flags: get8(bytes, 0),
        reserved: get24(bytes, 1),
        vni: get24(bytes, 4),
        reservedEnd: get8(bytes, 7),
      },
      headerSize: 8,
      payload: bytes.subarray(8),
      next: "ethernet",
      missing: 0,
    };
  },
};

const optionBytes = (option: GeneveOption): number[] =>
  option.kind === "malformed"
    ? [...option.data]
    : [...u16(option.class), option.type, ((option.reserved ?? 0) << 5) | (option.data.length >> 2), ...option.data];

function readOptions(bytes: Uint8Array): GeneveOption[] {
  const options: GeneveOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const flags = get8(bytes, at + 3);
    const end = at + 4 + 4 * (flags & 0x1f);
    if (end > bytes.length) return [...options, { kind: "malformed", data: bytes.subarray(at) }];
    const data = bytes.subarray(at + 4, end);
    options.push({ kind: "option", class: get16(bytes, at), type: get8(bytes, at + 2), reserved: flags >> 5, data });
    at = end;
  }
  return options;
}

const inside = (protocol: number): LayerKind | null =>
  protocol === ETHER_TYPE.ethernet ? "ethernet" : layerOfEtherType(protocol);

export const geneve: Codec<"geneve"> = {
  computed: ["optionsLength", "protocol", "critical"],
  encode(spec, { payload, next }) {
    const options = (spec.options ?? []).flatMap(optionBytes);
    // RFC 8926 section 3.4: the C bit must be set when any option is critical.
    const critical =
      spec.critical ?? (spec.options ?? []).some((option) => option.kind === "option" && option.type >= 0x80);
    const flags = ((spec.control ?? false) ? 0x80 : 0) | (critical ? 0x40 : 0) | (spec.reserved ?? 0);
    return concat(
      [((spec.version ?? 0) << 6) | ((spec.optionsLength ?? options.length) >> 2), flags],
      u16(spec.protocol ?? etherTypeOf(next)),
      u24(spec.vni ?? 0),
      [spec.reservedEnd ?? 0],
      options,
      payload,
    );
  },
  decode(bytes) {
    if (bytes.length < 8) return needs(8, bytes);
    const optionsLength = (get8(bytes, 0) & 0x3f) * 4;
    if (bytes.length < 8 + optionsLength) return needs(8 + optionsLength, bytes);
    const flags = get8(bytes, 1);
    const protocol = get16(bytes, 2);
    return {
      layer: {
        kind: "geneve",
        version: get8(bytes, 0) >> 6,
        optionsLength,
        control: (flags & 0x80) !== 0,
        critical: (flags & 0x40) !== 0,
        reserved: flags & 0x3f,
        protocol,
        vni: get24(bytes, 4),
        reservedEnd: get8(bytes, 7),
        options: readOptions(bytes.subarray(8, 8 + optionsLength)),
      },
      headerSize: 8 + optionsLength,
      payload: bytes.subarray(8 + optionsLength),
      next: inside(protocol),
      missing: 0,
    };
  },
};
