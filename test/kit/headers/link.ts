/** Ethernet II, VLAN tags (IEEE 802.1Q) and ARP (RFC 826). */
import { formatIpv4, formatMac } from "../../../sdk/layout/address.ts";
import { concat, get8, get16, get32, getWide, ipv4Bytes, macBytes, u16 } from "../bytes.ts";
import { type Codec, ETHER_TYPE, etherTypeOf, layerOfEtherType, needs } from "./codec.ts";

export const DEFAULT_SOURCE_MAC = "02:00:00:00:00:01";
export const DEFAULT_DESTINATION_MAC = "02:00:00:00:00:02";

const mac = (bytes: Uint8Array, at: number): string => formatMac(getWide(bytes, at, 6));

export const ethernet: Codec<"ethernet"> = {
  computed: ["type"],
  encode(spec, { payload, next }) {
    return concat(
      macBytes(spec.destination ?? DEFAULT_DESTINATION_MAC),
      macBytes(spec.source ?? DEFAULT_SOURCE_MAC),
      u16(spec.type ?? etherTypeOf(next)),
      payload,
    );
  },
  decode(bytes) {
    if (bytes.length < 14) return needs(14, bytes);
    const type = get16(bytes, 12);
    return {
      layer: { kind: "ethernet", destination: mac(bytes, 0), source: mac(bytes, 6), type },
      headerSize: 14,
      payload: bytes.subarray(14),
      next: layerOfEtherType(type),
      missing: 0,
    };
  },
};

export const vlan: Codec<"vlan"> = {
  computed: ["type"],
  encode(spec, { payload, next }) {
    const control =
      ((spec.priority ?? 0) << 13) | ((spec.dropEligible ?? false) ? 0x1000 : 0) | ((spec.id ?? 0) & 0xfff);
    return concat(u16(control), u16(spec.type ?? etherTypeOf(next)), payload);
  },
  decode(bytes) {
    if (bytes.length < 4) return needs(4, bytes);
    const control = get16(bytes, 0);
    const type = get16(bytes, 2);
    return {
      layer: {
        kind: "vlan",
        priority: control >> 13,
        dropEligible: (control & 0x1000) !== 0,
        id: control & 0xfff,
        type,
      },
      headerSize: 4,
      payload: bytes.subarray(4),
      next: layerOfEtherType(type),
      missing: 0,
    };
  },
};

export const arp: Codec<"arp"> = {
  computed: [],
  encode(spec, { payload }) {
    return concat(
      u16(spec.hardwareType ?? 1),
      u16(spec.protocolType ?? ETHER_TYPE.ipv4),
      [spec.hardwareLength ?? 6, spec.protocolLength ?? 4],
      u16(spec.operation ?? 1),
      macBytes(spec.senderMac ?? DEFAULT_SOURCE_MAC),
      ipv4Bytes(spec.senderAddress ?? "0.0.0.0"),
      macBytes(spec.targetMac ?? "00:00:00:00:00:00"),
      ipv4Bytes(spec.targetAddress ?? "0.0.0.0"),
      payload,
    );
  },
  decode(bytes) {
    if (bytes.length < 28) return needs(28, bytes);
    return {
      layer: {
        kind: "arp",
        hardwareType: get16(bytes, 0),
        protocolType: get16(bytes, 2),
        hardwareLength: get8(bytes, 4),
        protocolLength: get8(bytes, 5),
        operation: get16(bytes, 6),
        senderMac: mac(bytes, 8),
        senderAddress: formatIpv4(get32(bytes, 14)),
        targetMac: mac(bytes, 18),
        targetAddress: formatIpv4(get32(bytes, 24)),
      },
      headerSize: 28,
      payload: bytes.subarray(28),
      next: null,
      missing: 0,
    };
  },
};
