/**
 * The flows of a node, IPv4 and IPv6 apart: each flow stands under the keys of both its directions. A `Family` says how the
 * words of one family are read and written, so that all else is written once for both.
 */
import {
  type address,
  EtherType,
  fromIpv4,
  ipv4,
  map,
  type Of,
  swapBytes,
  toIpv4,
  u32 as toU32,
  type u8,
  type u16,
  type u32,
} from "zeta/bpf";
import { seenAs } from "../../sdk/middlebox/internal.ts";
import { network, type Parts } from "../packet/open.ts";
import { ipv4Words, ipv6Words, wordsOf } from "../packet/words.ts";
import { addressValue, Change, type endpointWords, entry4, entry6, key4, key6 } from "./entry.ts";

const FLOWS = 131_072;
export const zeta_node_flows4 = map.lruHash({ key: key4, value: entry4, max: FLOWS });
export const zeta_node_flows6 = map.lruHash({ key: key6, value: entry6, max: FLOWS });

export type Entry = Of<typeof entry4> | Of<typeof entry6>;
type Words = Of<typeof endpointWords>["address"];

/** Addresses and ports of a direction's key or of the ends that it leaves with. */
export interface FlowEnds {
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
}

export interface Family {
  readonly type: u16;
  /** The entry of the packet's own direction, or null. */
  readonly find: (parts: Parts, vni: u32) => Entry | null;
  /** The entry of a direction by its ends. */
  readonly at: (ends: FlowEnds, vni: u32, protocol: u8) => Entry | null;
  readonly set: (ends: FlowEnds, vni: u32, protocol: u8, to: FlowEnds, rest: Rest) => boolean;
  readonly remove: (ends: FlowEnds, vni: u32, protocol: u8) => void;
  /** The ends that an entry has packets leave with. */
  readonly endsOf: (entry: Entry) => FlowEnds;
  /** The addresses of an entry's ends as four words each. */
  readonly wordsOf: (entry: Entry) => { readonly source: Words; readonly destination: Words };
}

/** What a new entry holds beside its ends. */
export interface Rest {
  readonly change: u16;
  readonly service: u16;
  readonly generation: u32;
  readonly hop: u32;
}
const begun = (rest: Rest) => ({ ...rest, routed: 0, packets: 0n, bytes: 0n });

type Entry4 = Of<typeof entry4>;
type Entry6 = Of<typeof entry6>;
const words4 = (of: address): u32 => swapBytes.u32(toU32(toIpv4(of)));
const value4 = (words: u32): address => fromIpv4(ipv4(swapBytes.u32(words)));

const keyed4 = (ends: FlowEnds, vni: u32, protocol: u8): Of<typeof key4> => ({
  source: words4(ends.source),
  destination: words4(ends.destination),
  sourcePort: swapBytes.u16(ends.sourcePort),
  destinationPort: swapBytes.u16(ends.destinationPort),
  network: { vni, protocol },
});

export const ipv4Family: Family = {
  type: EtherType.Ipv4,
  find: (parts, vni) => {
    const ip = network(parts, EtherType.Ipv4, ipv4Words);
    if (ip === null) return null;
    return zeta_node_flows4.get({
      source: ip.source,
      destination: ip.destination,
      sourcePort: swapBytes.u16(parts.sourcePort),
      destinationPort: swapBytes.u16(parts.destinationPort),
      network: { vni, protocol: parts.protocol },
    });
  },
  at: (ends, vni, protocol) => zeta_node_flows4.get(keyed4(ends, vni, protocol)),
  set: (ends, vni, protocol, to, rest) =>
    zeta_node_flows4.set(keyed4(ends, vni, protocol), {
      source: words4(to.source),
      destination: words4(to.destination),
      sourcePort: swapBytes.u16(to.sourcePort),
      destinationPort: swapBytes.u16(to.destinationPort),
      ...begun(rest),
    }),
  remove: (ends, vni, protocol) => {
    zeta_node_flows4.delete(keyed4(ends, vni, protocol));
  },
  endsOf: (entry) => {
    const { source, destination, sourcePort, destinationPort } = entry as Entry4;
    return {
      source: value4(source),
      destination: value4(destination),
      sourcePort: swapBytes.u16(sourcePort),
      destinationPort: swapBytes.u16(destinationPort),
    };
  },
  wordsOf: (entry) => {
    const { source, destination } = entry as Entry4;
    return {
      source: [0, 0, 0, source] as unknown as Words,
      destination: [0, 0, 0, destination] as unknown as Words,
    };
  },
};

const words6 = (of: address): Words => wordsOf(of, 0).address;
const value6 = (words: Words): address => seenAs(words as never, addressValue).address;

const keyed6 = (ends: FlowEnds, vni: u32, protocol: u8): Of<typeof key6> => ({
  source: words6(ends.source),
  destination: words6(ends.destination),
  sourcePort: swapBytes.u16(ends.sourcePort),
  destinationPort: swapBytes.u16(ends.destinationPort),
  network: { vni, protocol },
});

export const ipv6Family: Family = {
  type: EtherType.Ipv6,
  find: (parts, vni) => {
    const ip = network(parts, EtherType.Ipv6, ipv6Words);
    if (ip === null) return null;
    return zeta_node_flows6.get({
      source: ip.source,
      destination: ip.destination,
      sourcePort: swapBytes.u16(parts.sourcePort),
      destinationPort: swapBytes.u16(parts.destinationPort),
      network: { vni, protocol: parts.protocol },
    });
  },
  at: (ends, vni, protocol) => zeta_node_flows6.get(keyed6(ends, vni, protocol)),
  set: (ends, vni, protocol, to, rest) =>
    zeta_node_flows6.set(keyed6(ends, vni, protocol), {
      source: words6(to.source),
      destination: words6(to.destination),
      sourcePort: swapBytes.u16(to.sourcePort),
      destinationPort: swapBytes.u16(to.destinationPort),
      ...begun(rest),
    }),
  remove: (ends, vni, protocol) => {
    zeta_node_flows6.delete(keyed6(ends, vni, protocol));
  },
  endsOf: (entry) => {
    const { source, destination, sourcePort, destinationPort } = entry as Entry6;
    return {
      source: value6(source),
      destination: value6(destination),
      sourcePort: swapBytes.u16(sourcePort),
      destinationPort: swapBytes.u16(destinationPort),
    };
  },
  wordsOf: (entry) => {
    const { source, destination } = entry as Entry6;
    return { source, destination };
  },
};

/** Goes on with the family of the packet, known while compiling. */
export const withFamily = (parts: Parts, use: (family: Family) => u32): u32 =>
  parts.type === EtherType.Ipv4 ? use(ipv4Family) : use(ipv6Family);

export const isReply = (entry: Entry): boolean => (entry.change & Change.Reply) !== 0;
