/** Encapsulation of a packet in VXLAN or Geneve. */
import { ETHER_TYPE } from "../headers/codec.ts";
import { parseEnds } from "../packet/endpoint.ts";
import type { LayerSpec, Wish } from "../packet/layers.ts";
import type { GeneveOption } from "../packet/options.ts";
import type { Overrides } from "../packet/override.ts";
import { type Packet, specOf } from "../packet/packet.ts";
import { direction, packetOf } from "./conversation.ts";

export interface TunnelOptions {
  /** Tunnel endpoints without ports: "192.0.2.1", "2001:db8::1". */
  readonly from: string;
  readonly to: string;
  readonly vni: number;
  /** Outer UDP source port: the entropy of the flow. */
  readonly sourcePort?: number;
  /** For the outer headers. */
  readonly overrides?: Overrides;
}

export interface VxlanOptions extends TunnelOptions {
  readonly vxlan?: Wish<"vxlan">;
}

export interface GeneveTunnelOptions extends TunnelOptions {
  readonly options?: readonly GeneveOption[];
  readonly geneve?: Wish<"geneve">;
}

function encapsulate(
  inner: Packet,
  tunnel: LayerSpec,
  { from, to, sourcePort = 49152, overrides = {} }: TunnelOptions,
): Packet {
  const way = direction(parseEnds(from, to, false));
  return packetOf(way, [{ kind: "udp", sourcePort }, tunnel, ...specOf(inner)], overrides);
}

/** The packet in VXLAN (RFC 7348), port 4789. */
export const vxlan = (inner: Packet, options: VxlanOptions): Packet =>
  encapsulate(inner, { kind: "vxlan", vni: options.vni, ...options.vxlan }, options);

/** The packet in Geneve (RFC 8926), port 6081, as an Ethernet frame. */
export const geneve = (inner: Packet, options: GeneveTunnelOptions): Packet =>
  encapsulate(
    inner,
    {
      kind: "geneve",
      vni: options.vni,
      protocol: ETHER_TYPE.ethernet,
      ...(options.options === undefined ? {} : { options: options.options }),
      ...options.geneve,
    },
    options,
  );

/** One Geneve option: class, type (from 0x80 on critical) and data of a multiple of four bytes. */
export const geneveOption = (
  optionClass: number,
  type: number,
  data: Uint8Array = new Uint8Array(0),
): GeneveOption => ({
  kind: "option",
  class: optionClass,
  type,
  data,
});
