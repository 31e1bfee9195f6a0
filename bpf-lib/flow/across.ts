/**
 * Flows across the families: one direction stands in the IPv4 table, the other in the IPv6 table. The IPv6 entry holds its
 * ends as every entry does, IPv4 addresses mapped. The IPv4 entry has no room for IPv6 addresses: its ends are those of its
 * partner's key, turned round. The mapping of an IPv6 host's port to an external IPv4 one stands so too.
 *
 * Each of the two names the other by its index, and only since both were entered (`link`). So two that name each other
 * belong together, whatever has been removed and entered meanwhile.
 */
import { atomic, barrier, Protocol, random, swapBytes, type u8, type u32 } from "zeta/bpf";
import { seenAs } from "../../sdk/middlebox/internal.ts";
import type { Ends } from "../packet/rewrite.ts";
import type { FlowEnds } from "./ends.ts";
import { addressValue, Change, keyWords } from "./entry.ts";
import { type Entry, type Entry4, type Entry6, type Family, ipv4Family, ipv6Family, isAcross } from "./table.ts";
import { type Found, nothing } from "./ways/search.ts";
import { lives } from "./ways/way.ts";

export const otherFamily = (family: Family): Family => (family.isIpv4 ? ipv6Family : ipv4Family);

/** The same protocol as packets of the family have it: an echo is ICMP's or ICMPv6's. */
export const protocolIn = (family: Family, protocol: u8): u8 => {
  if (family.isIpv4) return protocol === Protocol.Icmpv6 ? Protocol.Icmp : protocol;
  return protocol === Protocol.Icmp ? Protocol.Icmpv6 : protocol;
};

/** No index is as large. */
const MARK = 0x8000_0000;
/** What an entry has for its partner's name until it is linked: nobody else's, so that only that very entry is linked. */
export const newMark = (): u32 => random() | MARK;

/** An entry names its partner by its index and one, since 0 is nobody. */
const nameOf = (entry: Entry, isIpv4: boolean): u32 => (isIpv4 ? (entry as Entry4).source : (entry as Entry6).partner);

/** Whether it has been told its partner. */
export const isLinked = (entry: Entry, { isIpv4 }: Family): boolean => nameOf(entry, isIpv4) < MARK;

/** Two entries that were just entered name each other. False when one of them is gone already. */
export const link = (four: u32, fourMark: u32, six: u32, sixMark: u32): boolean => {
  const entry4 = ipv4Family.at(four) as Entry4 | null;
  const entry6 = ipv6Family.at(six) as Entry6 | null;
  if (entry4 === null || entry6 === null) return false;
  return (
    atomic.compareExchange(entry4, "source", fourMark, six + 1) === fourMark &&
    atomic.compareExchange(entry6, "partner", sixMark, four + 1) === sixMark
  );
};

/** The entry of the other direction, in the other family's table. */
export const partnerOf = (family: Family, entry: Entry, index: u32, now: u32): Found<Entry> => {
  const at: u32 = nameOf(entry, family.isIpv4) - 1;
  const way = otherFamily(family).at(at);
  if (way === null) return nothing();
  const { serial } = way;
  barrier();
  const mutual = isAcross(way) && nameOf(way, !family.isIpv4) === index + 1;
  return mutual && (serial & 1) === 0 && lives(way.until, now) ? { way, index: at, serial } : nothing();
};

/** The entry that a stage before has found, and noted in the call's record; none when it is another's by now. */
export const foundAt = (family: Family, index: u32, serial: u32): Found<Entry> => {
  const way = family.at(index);
  return way !== null && way.serial === serial ? { way, index, serial } : nothing();
};

/** The ends that an entry has packets leave with, as they lie in packets. `partner` is asked when it is an IPv4 one's. */
export const endsInPackets = (family: Family, entry: Entry, partner: Entry): Ends => {
  const change = Change.Source | Change.Destination;
  if (family.isIpv4) {
    const { source, destination, sourcePort, destinationPort } = seenAs((partner as Entry6).key as never, keyWords);
    return {
      change,
      source: { address: destination, port: destinationPort },
      destination: { address: source, port: sourcePort },
    };
  }
  const { source, destination } = family.wordsOf(entry);
  const { sourcePort, destinationPort } = entry;
  return {
    change,
    source: { address: source, port: sourcePort },
    destination: { address: destination, port: destinationPort },
  };
};

/** The same as values. */
export const endsAcross = (family: Family, entry: Entry, partner: Entry): FlowEnds => {
  if (!family.isIpv4) return family.endsOf(entry);
  const { source, destination, sourcePort, destinationPort } = seenAs((partner as Entry6).key as never, keyWords);
  return {
    source: seenAs(destination as never, addressValue).address,
    destination: seenAs(source as never, addressValue).address,
    sourcePort: swapBytes.u16(destinationPort),
    destinationPort: swapBytes.u16(sourcePort),
  };
};
