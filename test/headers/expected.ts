/** What a program must read of a packet: the kit's own reading, in the form of the views. */
import { parseAddress, parseIpv4, parseIpv6, parseMac } from "../../sdk/layout/address.ts";
import { dissect, type Layer, type LayerKind, type LayerOf, type Packet } from "../kit/index.ts";

const EXTENSIONS: ReadonlySet<LayerKind> = new Set(["hopByHop", "routing", "fragment", "destinationOptions"]);
const NONE = 0;
/** In the order of the header, from its low end: what the views show of the kit's flags. */
const FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"] as const;

/** The packet's own layers: not those of a packet in it. */
export function outerLayers(packet: Packet): { readonly layer: Layer; readonly at: number; readonly size: number }[] {
  const { layers, places } = dissect(packet.bytes);
  return layers.flatMap((layer, i) => {
    const place = places[i];
    const foreign = place === undefined || /inner\.|original\./.test(place.path);
    return foreign ? [] : [{ layer, at: place.at, size: place.headerSize }];
  });
}

const value = (parsed: number | bigint | null) => (parsed === null ? NONE : parsed);

/** The struct `seen` of programs/read.ts. */
export function readingOf(packet: Packet): object {
  const outer = outerLayers(packet);
  const one = <K extends LayerKind>(kind: K): LayerOf<K> | undefined =>
    outer.find(({ layer }) => layer.kind === kind)?.layer as LayerOf<K> | undefined;
  const [link, tag, ip4, ip6] = [one("ethernet"), one("vlan"), one("ipv4"), one("ipv6")];
  const [tcp, udp, icmp, icmpv6] = [one("tcp"), one("udp"), one("icmp"), one("icmpv6")];
  const network = ip4 ?? ip6;
  if (link === undefined || network === undefined) return {};
  const extensions = outer.filter(({ layer }) => EXTENSIONS.has(layer.kind));
  const last = extensions.at(-1)?.layer as { readonly nextHeader: number } | undefined;
  const fragment = one("fragment");
  const message = icmp ?? icmpv6;
  const ports = tcp ?? udp ?? identified(message);
  const tunnel = one("vxlan") ?? one("geneve");
  return {
    opened: true,
    summary: {
      source: parseAddress(network.source),
      destination: parseAddress(network.destination),
      length: packet.bytes.length,
      interface: 1,
      vni: 0,
      sourcePort: ports?.sourcePort ?? 0,
      destinationPort: ports?.destinationPort ?? 0,
      protocol: ip4?.protocol ?? last?.nextHeader ?? ip6?.nextHeader,
      later: (ip4?.fragmentOffset ?? 0) > 0 || (fragment?.offset ?? 0) > 0,
      fromClient: true,
    },
    ethernet: { source: parseMac(link.source), destination: parseMac(link.destination), type: link.type },
    vlan: {
      found: tag !== undefined,
      priority: tag?.priority ?? 0,
      dropEligible: Number(tag?.dropEligible ?? false),
      identifier: tag?.id ?? 0,
    },
    four: {
      found: ip4 !== undefined,
      source: value(parseIpv4(ip4?.source ?? "")),
      destination: value(parseIpv4(ip4?.destination ?? "")),
      ttl: ip4?.ttl ?? 0,
      protocol: ip4?.protocol ?? 0,
      dscp: ip4?.dscp ?? 0,
      ecn: ip4?.ecn ?? 0,
      identification: ip4?.identification ?? 0,
      totalLength: ip4?.totalLength ?? 0,
      headerLength: ip4?.headerLength ?? 0,
      dontFragment: ip4?.dontFragment ?? false,
      moreFragments: ip4?.moreFragments ?? false,
      fragmentOffset: ip4?.fragmentOffset ?? 0,
    },
    six: {
      found: ip6 !== undefined,
      source: BigInt(value(parseIpv6(ip6?.source ?? ""))),
      destination: BigInt(value(parseIpv6(ip6?.destination ?? ""))),
      hopLimit: ip6?.hopLimit ?? 0,
      nextHeader: ip6?.nextHeader ?? 0,
      dscp: ip6?.dscp ?? 0,
      ecn: ip6?.ecn ?? 0,
      flowLabel: ip6?.flowLabel ?? 0,
      payloadLength: ip6?.payloadLength ?? 0,
      extensionLength: extensions.reduce((sum, { size }) => sum + size, 0),
    },
    tcp: {
      found: tcp !== undefined,
      sourcePort: tcp?.sourcePort ?? 0,
      destinationPort: tcp?.destinationPort ?? 0,
      sequence: tcp?.sequence ?? 0,
      acknowledgement: tcp?.acknowledgement ?? 0,
      window: tcp?.window ?? 0,
      headerLength: tcp?.headerLength ?? 0,
      flags: FLAGS.map((flag) => tcp?.flags.includes(flag) ?? false),
      opens: (tcp?.flags ?? []).includes("syn") && !(tcp?.flags ?? []).includes("ack"),
    },
    udp: {
      found: udp !== undefined,
      sourcePort: udp?.sourcePort ?? 0,
      destinationPort: udp?.destinationPort ?? 0,
      length: udp?.length ?? 0,
    },
    icmp: {
      found: icmp !== undefined ? 4 : icmpv6 !== undefined ? 6 : 0,
      type: message?.type ?? 0,
      code: message?.code ?? 0,
      ...secondWord(packet, outer.find(({ layer }) => layer === message)?.at),
    },
    tunnel: { found: tunnel === undefined ? 0 : tunnel.kind === "vxlan" ? 1 : 2, vni: tunnel?.vni ?? 0 },
  };
}

/** The identifier of an echo is the port of the end that asked. */
function identified(message: LayerOf<"icmp"> | LayerOf<"icmpv6"> | undefined) {
  if (message?.identifier === undefined) return undefined;
  const asks = [8, 128].includes(message.type);
  return { sourcePort: asks ? message.identifier : 0, destinationPort: asks ? 0 : message.identifier };
}

/** What stands where an echo has its identifier and sequence number: the view shows it of every message. */
function secondWord(packet: Packet, at: number | undefined): { identifier: number; sequence: number } {
  if (at === undefined) return { identifier: 0, sequence: 0 };
  const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset + at);
  return { identifier: view.getUint16(4), sequence: view.getUint16(6) };
}
