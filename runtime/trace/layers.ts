/** What a frame says, header by header: for people who read a trace. */

import {
  EtherType,
  ethernetHeader,
  extensionHeader,
  fragmentHeader,
  geneveHeader,
  icmpHeader,
  ipv4Header,
  ipv6Header,
  OverlayPort,
  Protocol,
  tcpHeader,
  udpHeader,
  vlanTag,
  vxlanHeader,
} from "../../sdk/headers/index.ts";
import { formatIpv4, formatIpv6, formatMac } from "../../sdk/layout/address.ts";
import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";

/** A header, and what stands in it. */
export interface Layer {
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

type Fields = Record<string, string | number>;
type Values = Readonly<Record<string, number | bigint | Readonly<Record<string, number>>>>;
interface Header {
  readonly layout: LayoutData;
}

/** Of no interest: they say how long a header is, or nothing. */
const LEFT_OUT = new Set(["version", "words", "reserved", "spare", "before", "after"]);
const FLAGS = ["syn", "ack", "fin", "rst", "psh", "urg", "ece", "cwr"];

function text(layout: LayoutData, value: number | bigint): string | number {
  const type = layout.kind === "scalar" ? layout.type : "u32";
  if (type === "mac") return formatMac(BigInt(value));
  if (type === "ipv4") return formatIpv4(Number(value));
  return type === "ipv6" ? formatIpv6(BigInt(value)) : Number(value);
}

/** Null when the header is cut. */
function read(
  { layout }: Header,
  bytes: Uint8Array,
  at: number,
): { readonly values: Values; readonly fields: Fields } | null {
  if (layout.kind !== "struct" || at + layout.size > bytes.length) return null;
  const values = decode(layout, bytes, at) as Values;
  const fields: Fields = {};
  for (const { name, layout: part } of layout.fields) {
    const value = values[name];
    if (typeof value !== "object") {
      if (!LEFT_OUT.has(name) && value !== undefined) fields[name] = text(part, value);
    } else if (name === "control" && "syn" in value) {
      fields.flags = FLAGS.filter((flag) => value[flag] === 1).join(",") || "none";
    } else {
      for (const [inner, number] of Object.entries(value)) if (!LEFT_OUT.has(inner)) fields[inner] = number;
    }
  }
  return { values, fields };
}

const EXTENSIONS: ReadonlySet<number> = new Set([Protocol.HopByHop, Protocol.Routing, Protocol.DestinationOptions]);
const TRANSPORTS: ReadonlyMap<number, readonly [string, Header]> = new Map<number, readonly [string, Header]>([
  [Protocol.Tcp, ["tcp", tcpHeader]],
  [Protocol.Udp, ["udp", udpHeader]],
  [Protocol.Icmp, ["icmp", icmpHeader]],
  [Protocol.Icmpv6, ["icmpv6", icmpHeader]],
]);
const bitsOf = (values: Values, name: string): Readonly<Record<string, number>> =>
  values[name] as Readonly<Record<string, number>>;

/** The frame's headers in order, tunnels opened, and the length of what follows them. What is cut ends it. */
export function layersOf(bytes: Uint8Array): Layer[] {
  const layers: Layer[] = [];
  let at = 0;
  const take = (name: string, header: Header): Values | null => {
    const found = read(header, bytes, at);
    if (found === null) return null;
    layers.push({ name, fields: found.fields });
    at += header.layout.size;
    return found.values;
  };

  function transport(protocol: number): void {
    const known = TRANSPORTS.get(protocol);
    if (known === undefined) return;
    const start = at;
    const values = take(...known);
    if (values === null) return;
    if (protocol === Protocol.Tcp) at = start + (bitsOf(values, "control").words as number) * 4;
    if (protocol !== Protocol.Udp) return;
    if (values.destinationPort === OverlayPort.Vxlan && take("vxlan", vxlanHeader) !== null) ethernet();
    else if (values.destinationPort === OverlayPort.Geneve) {
      const geneve = take("geneve", geneveHeader);
      if (geneve === null) return;
      at += (bitsOf(geneve, "start").words as number) * 4;
      if (geneve.protocol === EtherType.Bridged) ethernet();
    }
  }

  function ipv6(): void {
    let protocol = take("ipv6", ipv6Header)?.nextHeader as number | undefined;
    for (;;) {
      if (protocol === undefined) return;
      if (protocol === Protocol.Fragment) {
        const values = take("fragment", fragmentHeader);
        if (values === null || bitsOf(values, "fragment").offset !== 0) return;
        protocol = values.nextHeader as number;
      } else if (EXTENSIONS.has(protocol)) {
        const start = at;
        const values = take("extension", extensionHeader);
        if (values === null) return;
        at = start + ((values.words as number) + 1) * 8;
        protocol = values.nextHeader as number;
      } else return transport(protocol);
    }
  }

  function ethernet(): void {
    let type = take("ethernet", ethernetHeader)?.type as number | undefined;
    while (type === EtherType.Vlan || type === EtherType.ProviderVlan) type = take("vlan", vlanTag)?.type as number;
    if (type === EtherType.Ipv6) return ipv6();
    if (type !== EtherType.Ipv4) return;
    const start = at;
    const values = take("ipv4", ipv4Header);
    if (values === null) return;
    at = start + (bitsOf(values, "start").words as number) * 4;
    if (bitsOf(values, "fragment").offset === 0) transport(values.protocol as number);
  }

  ethernet();
  if (at < bytes.length) layers.push({ name: "payload", fields: { bytes: bytes.length - at } });
  return layers;
}
