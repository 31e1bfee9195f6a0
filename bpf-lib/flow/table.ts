/**
 * The flows of a node, IPv4 and IPv6 apart: each flow stands under the keys of both its directions. A `Family` says how the
 * words of one family are read and written, so that all else is written once for both.
 */
import {
  type address,
  constant,
  EtherType,
  fromIpv4,
  ipv4,
  map,
  type Of,
  subprogram,
  swapBytes,
  toIpv4,
  u8 as toU8,
  u16 as toU16,
  u32 as toU32,
  type u32 as U32,
  type u64 as U64,
  type u8,
  type u16,
  u32,
  u64,
} from "zeta/bpf";
import { seenAs } from "../../sdk/middlebox/internal.ts";
import { network, type Parts } from "../packet/open.ts";
import { ipv4Words, ipv6Words, wordsOf } from "../packet/words.ts";
import type { FlowEnds } from "./ends.ts";
import {
  addressValue,
  besideRecord,
  Change,
  type endpointWords,
  entry4,
  entry6,
  keyWords,
  networkWord,
} from "./entry.ts";
import { seek, sought } from "./ways/search.ts";
import { type Found, type Inserted, type Key, openWays } from "./ways.ts";

/** Ways of each table as compiled; the loader may choose another power of two, and then sets the constants too. */
const WAYS = 131_072;
export const zeta_last4 = constant(u32, WAYS - 1);
export const zeta_last6 = constant(u32, WAYS - 1);

export type Entry4 = Of<typeof entry4>;
export type Entry6 = Of<typeof entry6>;
export type Entry = Entry4 | Entry6;
export type Beside = Of<typeof besideRecord>;
export type Words = Of<typeof endpointWords>["address"];

/** What a new entry holds beside its ends. */
export interface Rest {
  readonly state: u8;
  /** In spans. */
  readonly idle: U32;
  readonly change: u16;
  readonly service: u16;
  readonly generation: U32;
  /** A slot of `zeta_node_hops`. */
  readonly hop: U32;
  /** Of a flow across the families: what stands for its partner until that is known (flow/across.ts). */
  readonly mark?: U32;
}

export interface Family {
  readonly type: u16;
  readonly isIpv4: boolean;
  readonly keyOf: (parts: Parts, vni: U32) => Key;
  readonly keyOfEnds: (ends: FlowEnds, vni: U32, protocol: u8) => Key;
  readonly keyIn: (entry: Entry) => Key;
  readonly find: (key: Key, now: U32) => Found<Entry>;
  /** The entry at an index, whatever it holds. */
  readonly at: (index: U32) => Entry | null;
  /** The index of the entry where a key most likely stands, or would be put. */
  readonly homeOf: (key: Key) => U32;
  /** Whether a key is in use. Called, not written out: for loops. */
  readonly has: (key: Key, now: U32) => boolean;
  readonly stands: (found: Found<Entry>) => boolean;
  /** Writes an entry that is to be entered, at one of the places of `Fresh`. */
  readonly prepare: (at: U32, key: Key, to: FlowEnds, rest: Rest) => void;
  readonly fresh: (at: U32) => Entry | null;
  readonly enter: (fresh: Entry, now: U32) => Inserted<Entry>;
  /** Takes back what was entered. */
  readonly undo: (fresh: Entry) => boolean;
  readonly remove: (index: U32, key: Key) => boolean;
  /** The ends that an entry has packets leave with. */
  readonly endsOf: (entry: Entry) => FlowEnds;
  /** The ends of the packets that an entry is for, as its key has them. */
  readonly packetsOf: (entry: Entry) => FlowEnds & { readonly vni: U32; readonly protocol: u8 };
  /** What the entry has beside it; `index` is its own. What stands there is the flow's only when its `change` says so. */
  readonly beside: (entry: Entry, index: U32) => Beside | null;
  /** The addresses of an entry's ends, copied, as four words each. */
  readonly wordsOf: (entry: Entry) => { readonly source: Words; readonly destination: Words };
}

const flows4 = openWays({
  name: "zeta_node_flows4",
  way: entry4,
  words: [0, 1],
  ways: WAYS,
  last: zeta_last4,
  whenFull: "refuse",
});
const flows6 = openWays({
  name: "zeta_node_flows6",
  way: entry6,
  words: [0, 1, 2, 3, 4],
  ways: WAYS,
  last: zeta_last6,
  whenFull: "refuse",
});

/** By the indices of IPv4 entries, which have no room for it. */
const beside4 = map.array({ name: "zeta_node_beside4", value: besideRecord, max: WAYS });

/**
 * Entries that are to be entered together (node/enter.ts): those of a mapping, then those of a flow. Where one is entered, its
 * `until` holds its index, before that for how long it may idle.
 */
export const Fresh = { Inward: 0, Outward: 1, Reverse: 2, Forward: 3 } as const;
const FRESH = 4;
const fresh4 = map.perCpuArray({ name: "zeta_node_fresh4", value: entry4, max: FRESH });
const fresh6 = map.perCpuArray({ name: "zeta_node_fresh6", value: entry6, max: FRESH });

/** Writes all but the key, the addresses and what the table keeps for itself. */
const begin = (way: Entry, to: FlowEnds, rest: Rest): void => {
  way.state = rest.state;
  way.until = rest.idle;
  way.sourcePort = swapBytes.u16(to.sourcePort);
  way.destinationPort = swapBytes.u16(to.destinationPort);
  way.change = rest.change;
  way.service = rest.service;
  way.generation = rest.generation;
  way.hop = { routed: 0, slot: rest.hop };
};

const copyRest = (way: Entry, from: Entry): void => {
  way.state = from.state;
  way.sourcePort = from.sourcePort;
  way.destinationPort = from.destinationPort;
  way.change = from.change;
  way.service = from.service;
  way.generation = from.generation;
  way.hop = from.hop;
  way.packets = 0n;
  way.bytes = 0n;
};

/** What the last word of a key says: see `networkWord`. */
const portsIn = (word: U64) => {
  const both: U32 = toU32(word);
  const network: U32 = toU32(word >> 32n);
  return {
    sourcePort: swapBytes.u16(toU16(both & 0xffff)),
    destinationPort: swapBytes.u16(toU16(both >>> 16)),
    vni: network >>> 8,
    protocol: toU8(network & 0xff),
  };
};

const has4 = subprogram(
  "zeta_has4",
  (now: U32): U32 => {
    const wanted = sought.at(0);
    return wanted !== null && flows4.find([wanted.key[0], wanted.key[1]] as unknown as Key, now).way !== null ? 1 : 0;
  },
  { verified: "alone" },
);
const has6 = subprogram(
  "zeta_has6",
  (now: U32): U32 => {
    const wanted = sought.at(0);
    return wanted !== null && flows6.find(key6(wanted), now).way !== null ? 1 : 0;
  },
  { verified: "alone" },
);

/** Called, not written out: the verifier walks what locks a table once, and not once for each removal. */
const remove4 = subprogram(
  "zeta_remove4",
  (index: U32): U32 => {
    const wanted = sought.at(0);
    return wanted !== null && flows4.remove(index, [wanted.key[0], wanted.key[1]] as unknown as Key) ? 1 : 0;
  },
  { verified: "alone" },
);
const remove6 = subprogram(
  "zeta_remove6",
  (index: U32): U32 => {
    const wanted = sought.at(0);
    return wanted !== null && flows6.remove(index, key6(wanted)) ? 1 : 0;
  },
  { verified: "alone" },
);

const words4 = (of: address): U32 => swapBytes.u32(toU32(toIpv4(of)));
const value4 = (words: U32): address => fromIpv4(ipv4(swapBytes.u32(words)));
const ports = (ends: Pick<FlowEnds, "sourcePort" | "destinationPort">, vni: U32, protocol: u8) =>
  networkWord(swapBytes.u16(ends.sourcePort), swapBytes.u16(ends.destinationPort), vni, protocol);
const pair = (low: U32, high: U32) => u64(low) | (u64(high) << 32n);

export const ipv4Family: Family = {
  type: EtherType.Ipv4,
  isIpv4: true,
  keyOf: (parts, vni) => {
    const ip = network(parts, EtherType.Ipv4, ipv4Words);
    const addresses = ip === null ? 0n : pair(ip.source, ip.destination);
    return [addresses, ports(parts, vni, parts.protocol)];
  },
  keyOfEnds: (ends, vni, protocol) => [pair(words4(ends.source), words4(ends.destination)), ports(ends, vni, protocol)],
  keyIn: ({ key }) => [key[0], key[1]] as unknown as Key,
  find: (key, now) => flows4.find(key, now),
  at: (index) => flows4.at(index),
  homeOf: (key) => flows4.homeOf(key),
  has: (key, now) => seek(key) && has4(now) !== 0,
  stands: (found) => flows4.stands(found as Found<Entry4>),
  prepare: (at, key, to, rest) => {
    const way = fresh4.at(at);
    if (way === null) return;
    for (const i of [0, 1] as const) way.key[i] = key[i] as U64;
    way.source = rest.mark ?? words4(to.source);
    way.destination = rest.mark === undefined ? words4(to.destination) : 0;
    begin(way, to, rest);
  },
  fresh: (at) => fresh4.at(at),
  enter: (fresh, now) => {
    const from = fresh as Entry4;
    const key = [from.key[0], from.key[1]] as unknown as Key;
    return flows4.insert(key, now, from.until, (way) => {
      way.source = from.source;
      way.destination = from.destination;
      copyRest(way, from);
    });
  },
  undo: (fresh) => flows4.remove(fresh.until, [fresh.key[0], fresh.key[1]] as unknown as Key),
  remove: (index, key) => seek(key) && remove4(index) !== 0,
  endsOf: (entry) => {
    const { source, destination, sourcePort, destinationPort } = entry as Entry4;
    return {
      source: value4(source),
      destination: value4(destination),
      sourcePort: swapBytes.u16(sourcePort),
      destinationPort: swapBytes.u16(destinationPort),
    };
  },
  packetsOf: ({ key }) => ({
    source: value4(toU32(key[0] as U64)),
    destination: value4(toU32((key[0] as U64) >> 32n)),
    ...portsIn(key[1] as U64),
  }),
  beside: (_, index) => beside4.at(index),
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
const key6 = ({ key }: Pick<Entry6, "key">): Key => [key[0], key[1], key[2], key[3], key[4]] as unknown as Key;
const copied = (words: Words): Words => [words[0], words[1], words[2], words[3]] as unknown as Words;

export const ipv6Family: Family = {
  type: EtherType.Ipv6,
  isIpv4: false,
  keyOf: (parts, vni) => {
    const ip = network(parts, EtherType.Ipv6, ipv6Words);
    let [first, second, third, fourth] = [0n, 0n, 0n, 0n];
    if (ip !== null) {
      const { source, destination } = ip;
      first = pair(source[0], source[1]);
      second = pair(source[2], source[3]);
      third = pair(destination[0], destination[1]);
      fourth = pair(destination[2], destination[3]);
    }
    return [first, second, third, fourth, ports(parts, vni, parts.protocol)];
  },
  keyOfEnds: (ends, vni, protocol) => {
    const source = words6(ends.source);
    const destination = words6(ends.destination);
    return [
      pair(source[0], source[1]),
      pair(source[2], source[3]),
      pair(destination[0], destination[1]),
      pair(destination[2], destination[3]),
      ports(ends, vni, protocol),
    ];
  },
  keyIn: (entry) => key6(entry as Entry6),
  find: (key, now) => flows6.find(key, now),
  at: (index) => flows6.at(index),
  homeOf: (key) => flows6.homeOf(key),
  has: (key, now) => seek(key) && has6(now) !== 0,
  stands: (found) => flows6.stands(found as Found<Entry6>),
  prepare: (at, key, to, rest) => {
    const way = fresh6.at(at);
    if (way === null) return;
    for (const i of [0, 1, 2, 3, 4] as const) way.key[i] = key[i] as U64;
    const source = words6(to.source);
    const destination = words6(to.destination);
    for (const i of [0, 1, 2, 3] as const) {
      way.source[i] = source[i];
      way.destination[i] = destination[i];
    }
    way.partner = rest.mark ?? 0;
    begin(way, to, rest);
  },
  fresh: (at) => fresh6.at(at),
  enter: (fresh, now) => {
    const from = fresh as Entry6;
    return flows6.insert(key6(from), now, from.until, (way) => {
      for (const i of [0, 1, 2, 3] as const) {
        way.source[i] = from.source[i];
        way.destination[i] = from.destination[i];
      }
      way.partner = from.partner;
      copyRest(way, from);
    });
  },
  undo: (fresh) => flows6.remove(fresh.until, key6(fresh as Entry6)),
  remove: (index, key) => seek(key) && remove6(index) !== 0,
  endsOf: (entry) => {
    const { source, destination, sourcePort, destinationPort } = entry as Entry6;
    return {
      source: value6(source),
      destination: value6(destination),
      sourcePort: swapBytes.u16(sourcePort),
      destinationPort: swapBytes.u16(destinationPort),
    };
  },
  packetsOf: (entry) => {
    const { source, destination } = seenAs((entry as Entry6).key, keyWords);
    return { source: value6(source), destination: value6(destination), ...portsIn((entry as Entry6).key[4] as U64) };
  },
  beside: (entry) => entry as Entry6,
  wordsOf: (entry) => {
    const { source, destination } = entry as Entry6;
    return { source: copied(source), destination: copied(destination) };
  },
};

/** Goes on with the family of the packet, known while compiling. */
export const withFamily = (parts: Parts, use: (family: Family) => U32): U32 =>
  parts.type === EtherType.Ipv4 ? use(ipv4Family) : use(ipv6Family);

export const isReply = (entry: Entry): boolean => (entry.change & Change.Reply) !== 0;
/** Whether its other direction is of the other family. */
export const isAcross = (entry: Entry): boolean => (entry.change & Change.Across) !== 0;
/** Whether it waits for a packet from behind the service, or has waited for one. */
export const hasWaited = (entry: Entry): boolean => (entry.change & (Change.Pending | Change.Shifted)) !== 0;
