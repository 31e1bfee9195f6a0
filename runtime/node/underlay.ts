/**
 * What a node is told of the networks that it stands in: its own tunnel addresses, endpoints behind tunnels, the addresses
 * whose neighbours it answers, and those that it speaks from. Each is set as a whole: checked first, and then in force, or
 * nothing has changed.
 */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { parseAddress, parseIpv4, parseIpv6, parseMac } from "../../sdk/layout/address.ts";
import { encode } from "../../sdk/layout/codec.ts";
import { failure } from "../loader/problems.ts";
import { word } from "../loader/word.ts";
import { type RouterAdvertisement, saidByRouter, type ToldAdvertisement } from "../overlay/advertisement.ts";
import { outerHeader } from "../overlay/outer-header.ts";
import { badUnderlay, endpointsFull } from "./problems.ts";
import type { Quotas } from "./quotas.ts";
import { layoutOf, NODE_MAP, TUNNEL } from "./shapes.ts";
import type { NodeState } from "./store.ts";

/** An address in an overlay, and the host that holds it. */
export interface RemoteEndpoint {
  /** The network, 1 to 2^24 − 1, and the address there. */
  readonly vni: number;
  readonly address: string;
  readonly kind: "vxlan" | "geneve";
  /** Addresses in the underlay, of one family: the node's, and the host's. */
  readonly local: string;
  readonly remote: string;
  /** MAC addresses inside: the endpoint's, and the gateway's. */
  readonly mac: string;
  readonly gatewayMac: string;
  /** The interface that leads to the host, by number; the node's MAC address there, and the next hop's. */
  readonly interface: number;
  readonly source: string;
  readonly destination: string;
  /** The longest IP packet of the underlay, in bytes, outer headers included; 1500 unless told. */
  readonly mtu?: number;
}

/** An address, and the station on one of the node's own links that holds it: flows to it ask the kernel for no route. */
export interface LocalEndpoint {
  /** 0, outside overlays, unless told. */
  readonly vni?: number;
  readonly address: string;
  readonly kind: "station";
  /** The interface that leads there, by number; the node's MAC address there, and the station's. */
  readonly interface: number;
  readonly source: string;
  readonly destination: string;
}

/**
 * An address whose ARP requests and neighbour solicitations the node answers, before the host's own stack sees them. In a
 * network it answers for endpoints too, with their `gatewayMac`, so that neighbours reach each other through the node.
 */
export interface Entrance {
  /** Its network; 0, outside overlays, unless told. */
  readonly vni?: number;
  readonly address: string;
  /** Outside overlays: the interface by which it is answered, by number; all unless told. */
  readonly interface?: number;
  /** The MAC address that has it. */
  readonly mac: string;
  /**
   * Whether advertisements call the node a router, as hosts want of their default gateway; false unless told. The first of a
   * link whose address is link-local answers router solicitations there, with what is told here.
   */
  readonly router?: boolean | RouterAdvertisement;
}

/** One that was checked; null for what is no router. */
export type CheckedEntrance = Required<Omit<Entrance, "router">> & { readonly router: ToldAdvertisement | null };

/** What the node says of packets that go no further, it says from this address. */
export interface NodeAddress {
  /** 0, outside overlays, unless told. */
  readonly vni?: number;
  readonly address: string;
}

/** Replaces all that was set before. @throws ZetaError: ZT8201; ZT8002 for endpoints. */
export interface Settable<T> {
  set(all: readonly T[]): Promise<void>;
}

export interface Underlay {
  /** The node's own addresses in the underlay: packets in tunnels to them are brought out. At most four of each family. */
  readonly tunnels: Settable<string>;
  readonly endpoints: Settable<RemoteEndpoint | LocalEndpoint>;
  readonly entrances: Settable<Entrance>;
  readonly addresses: Settable<NodeAddress>;
  /** What tenants may use, by network. */
  readonly quotas: Quotas;
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Units of a router's message that its record has room for (bpf-lib/neighbour/routers.ts). */
const MOST_SAID = 16;
const LINK_LOCAL = 0xfe80n << 112n;
/** fe80::/10. */
export const isLinkLocal = (address: string): boolean => {
  const value = parseIpv6(address);
  return value !== null && value >> 118n === LINK_LOCAL >> 118n;
};

/** Holder of endpoints that no service holds. */
const NODE = 0;

type Endpoint = Required<RemoteEndpoint> | Required<LocalEndpoint>;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Addresses as they lie in packets: places of `size` bytes, those that are not used are zero. */
const TUNNEL_PLACES = 4;
const ofBytes = (value: bigint, size: number): Buffer => Buffer.from(value.toString(16).padStart(size * 2, "0"), "hex");
/** As the data plane has them. */
export function tunnelBytes(all: readonly string[]): Uint8Array {
  const four = all.flatMap((one) => parseIpv4(one) ?? []).map((one) => ofBytes(BigInt(one), 4));
  const six = all.filter((one) => parseIpv4(one) === null).map((one) => ofBytes(parseIpv6(one) as bigint, 16));
  const bytes = Buffer.alloc(TUNNEL_PLACES * 20);
  for (const [index, one] of four.entries()) one.copy(bytes, index * 4);
  for (const [index, one] of six.entries()) one.copy(bytes, TUNNEL_PLACES * 4 + index * 16);
  return bytes;
}

const schema = () => import("./underlay-schema.ts").then(({ checked }) => checked);

export function underlayOf(manifest: Manifest, { tables, shapes, slots, quotas }: NodeState): Underlay {
  const layout = (map: keyof typeof NODE_MAP, part: "key" | "value") => layoutOf(manifest, NODE_MAP[map], part);
  const keyOf = (each: { readonly address: string; readonly vni: number }): Uint8Array =>
    encode(layout("endpoints", "key"), { address: parseAddress(each.address), vni: each.vni });
  const stationOf = (each: Required<RemoteEndpoint>): Uint8Array =>
    encode(layout("stations", "key"), { mac: parseMac(each.mac), vni: each.vni });
  const hopOf = (each: Endpoint): Uint8Array => {
    if (each.kind === "station") {
      const [destination, source] = [parseMac(each.destination), parseMac(each.source)] as [bigint, bigint];
      return shapes.station({ interface: each.interface, destination, source });
    }
    const { kind, local, remote, vni, source, destination } = each;
    const inner = { source: each.gatewayMac, destination: each.mac };
    const made = outerHeader({ kind, local, remote, vni, outer: { source, destination }, inner });
    const { family, sum, outer, overhead } = made;
    const stations = { source: parseMac(inner.source), destination: parseMac(inner.destination) };
    const hop = { kind: TUNNEL, family, vni, interface: each.interface, mtu: each.mtu - overhead, until: 0n };
    return encode(layout("hops", "value"), { ...hop, ...stations, sum, outer });
  };

  /** A table that only this writes: what is new first, then what is gone. */
  const table = (map: string) => {
    let held = new Map<string, Uint8Array>();
    return (entries: readonly Entry[]): void => {
      for (const { key, value } of entries) tables.write(map, key, value);
      const now = new Map(entries.map(({ key }) => [hex(key), key]));
      for (const [name, key] of held) if (!now.has(name)) tables.remove(map, key);
      held = now;
    };
  };
  /** Those that answer router solicitations: of each link the first. */
  const routersOf = (all: readonly CheckedEntrance[]): Entry[] => {
    const [key, value] = [layout("routers", "key"), layout("routers", "value")];
    const first = new Map<string, Entry>();
    for (const { vni, address, interface: at, mac, router } of all) {
      const name = `${vni} ${at}`;
      if (router === null || !isLinkLocal(address) || first.has(name)) continue;
      const said = saidByRouter(address, mac, router, MOST_SAID);
      const record = { address: parseAddress(address), mac: parseMac(mac), ...said };
      first.set(name, { key: encode(key, { interface: at, vni }), value: encode(value, record) });
    }
    return [...first.values()];
  };
  const routers = table(NODE_MAP.routers);
  const own = table(NODE_MAP.own);
  const entrances = table(NODE_MAP.entrances);
  const stations = table(NODE_MAP.stations);

  let held = new Map<string, Uint8Array>();
  const setEndpoints = (all: readonly Endpoint[]): void => {
    const entries = all.map((each) => ({ key: keyOf(each), value: hopOf(each) }));
    for (const [index, { key }] of entries.entries()) {
      if (!held.has(hex(key)) && tables.read(NODE_MAP.endpoints, key) !== null)
        throw failure(badUnderlay(null, `endpoints[${index}]`, "a service's config holds it already"));
    }
    const names = new Set(entries.map(({ key }) => hex(key)));
    if (!slots.fits(names)) throw failure(endpointsFull(null, slots.most));
    const hosts = new Map<string, Entry>();
    for (const [index, { key, value }] of entries.entries()) {
      const slot = slots.take(hex(key), NODE) as number;
      tables.write(NODE_MAP.hops, word(slot), value);
      tables.write(NODE_MAP.endpoints, key, word(slot));
      const endpoint = all[index] as Endpoint;
      if (endpoint.kind === "station") continue;
      const station = stationOf(endpoint);
      // One that has several addresses is found by its first.
      if (!hosts.has(hex(station))) hosts.set(hex(station), { key: station, value: word(slot) });
    }
    stations([...hosts.values()]);
    for (const [name, key] of held) {
      if (names.has(name)) continue;
      const slot = slots.release(name, NODE);
      // A service has come to hold it meanwhile.
      if (slot === null) continue;
      tables.remove(NODE_MAP.endpoints, key);
      tables.write(NODE_MAP.hops, word(slot), new Uint8Array(layout("hops", "value").size));
    }
    held = new Map(entries.map(({ key }) => [hex(key), key]));
  };

  return {
    quotas,
    tunnels: {
      async set(all) {
        tables.write(NODE_MAP.tunnels, word(0), tunnelBytes((await schema()).tunnels(all)));
      },
    },
    endpoints: {
      async set(all) {
        setEndpoints((await schema()).endpoints(all));
      },
    },
    entrances: {
      async set(all) {
        const given = (await schema()).entrances(all);
        const [key, value] = [layout("entrances", "key"), layout("entrances", "value")];
        entrances(
          given.map(({ vni, address, interface: at, mac, router }) => ({
            key: encode(key, { address: parseAddress(address), interface: at, vni }),
            value: encode(value, { mac: parseMac(mac), router: router !== null }),
          })),
        );
        routers(routersOf(given));
      },
    },
    addresses: {
      async set(all) {
        const given = (await schema()).addresses(all);
        const byNetwork = new Map<number, { four: bigint; six: bigint }>();
        for (const { vni, address } of given) {
          const known = byNetwork.get(vni) ?? { four: 0n, six: 0n };
          const value = parseAddress(address) as bigint;
          byNetwork.set(vni, parseIpv4(address) === null ? { ...known, six: value } : { ...known, four: value });
        }
        own([...byNetwork].map(([vni, value]) => ({ key: word(vni), value: encode(layout("own", "value"), value) })));
      },
    },
  };
}
