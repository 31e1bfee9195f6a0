/**
 * Flows that stood when members of a path began to be filled, brought to them by the reading node (rule 4 of the table's). XDP has no
 * timer: the node's agent names entries by their index, and runs `zeta_transfer4` or `zeta_transfer6` once for each, by a test run
 * whose frames are sent for real (BPF_F_TEST_XDP_LIVE_FRAMES). What is sent is read, written and tagged here.
 *
 * Before an entry that is brought, there is no packet to release. A header of IP alone stands in its place, between the flow's
 * ends and of a protocol that no flow is of, so that nodes on the way take it as they take any other.
 */
import { Action, ethernetHeader, type Frame, mac, map, program, struct, u16, u32, u64 } from "zeta/bpf";
import { endsAcross, partnerOf } from "../flow/across.ts";
import { type Entry, type Family, ipv4Family, ipv6Family, isAcross, isReply } from "../flow/table.ts";
import { secondsIn, spansNow } from "../flow/time.ts";
import { lives } from "../flow/ways/way.ts";
import { updated } from "../packet/sums.ts";
import { ipv4Words, ipv6Words, wordsOf } from "../packet/words.ts";
import { keptAt } from "./beside.ts";
import { backOf } from "./ended.ts";
import { DECIDED, WAITS, writeEntry } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { type EntryRecord, Operation, zeta_table_operation } from "./operation.ts";
import { sendTo } from "./transmit.ts";
import { inState } from "./version.ts";
import { pathAt, zeta_table_view } from "./view.ts";
import { noteOf } from "./waited.ts";

/** An entry that is to be brought. */
export const transferJob = struct({
  /** Of the client's entry. */
  index: u32,
  /** Of that entry as it was when it was chosen. */
  serial: u32,
  /** What comes back with the acknowledgement. */
  number: u32,
});
/** As many as an agent gives out at a time. */
const JOBS = 1024;
const jobs4 = map.queue({ name: "zeta_table_jobs4", value: transferJob, max: JOBS });
const jobs6 = map.queue({ name: "zeta_table_jobs6", value: transferJob, max: JOBS });

const ETHERNET = 14;
/** "Use for experimentation and testing" (RFC 3692). */
const NO_FLOWS = 253;
const IPV4_START = 0x0045;
const IPV4_LENGTH = 0x1400;
const IPV4_TTL_AND_PROTOCOL = 64 | (NO_FLOWS << 8);
const IPV6_START = 0x60;
const IPV6_LENGTH_AND_LIMIT = (NO_FLOWS << 16) | (64 << 24);
const NOBODY = mac(0n);

/** In the place of a packet. False for a frame that has no room for it. */
const writeInstead = (frame: Frame, family: Family, entry: Entry): boolean => {
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  if (ethernet === null) return false;
  ethernet.destination = NOBODY;
  ethernet.source = NOBODY;
  ethernet.type = family.type;
  const { source, destination } = family.packetsOf(entry);
  const [from, to] = [wordsOf(source, 0).address, wordsOf(destination, 0).address];
  if (family.isIpv4) {
    const ip = frame.cursor(ETHERNET).peek(ipv4Words);
    if (ip === null) return false;
    ip.start = IPV4_START;
    ip.totalLength = IPV4_LENGTH;
    ip.identification = 0;
    ip.fragment = 0;
    ip.ttlAndProtocol = IPV4_TTL_AND_PROTOCOL;
    ip.source = from[3];
    ip.destination = to[3];
    const sum = u64(IPV4_START) + u64(IPV4_LENGTH) + u64(IPV4_TTL_AND_PROTOCOL) + u64(from[3]) + u64(to[3]);
    ip.checksum = updated(0xffff, sum);
    return true;
  }
  const ip = frame.cursor(ETHERNET).peek(ipv6Words);
  if (ip === null) return false;
  ip.start = IPV6_START;
  ip.lengthAndLimit = u32(IPV6_LENGTH_AND_LIMIT);
  for (const i of [0, 1, 2, 3] as const) {
    ip.source[i] = from[i];
    ip.destination[i] = to[i];
  }
  return true;
};

/** To as many nodes as the longest path has. */
const HOP_BUDGET = 10;

/** The ends that an IPv4 client's packets leave with as IPv6 stand in their entry's partner. False when that is gone. */
const takeAcross = (to: EntryRecord, entry: Entry, index: number): boolean => {
  const { way } = partnerOf(ipv4Family, entry, index as never, spansNow());
  if (way === null) return false;
  const { source, destination, sourcePort, destinationPort } = endsAcross(ipv4Family, entry, way);
  to.toSource = source;
  to.toDestination = destination;
  to.toSourcePort = sourcePort;
  to.toDestinationPort = destinationPort;
  return true;
};

const bring =
  (family: Family, jobs: typeof jobs4) =>
  (frame: Frame): Action => {
    const job = jobs.pop();
    const hand = zeta_table_operation.at(0);
    const view = zeta_table_view.at(0);
    if (job === null || hand === null || view === null) return Action.Drop;
    const { index, serial, number } = job;
    const entry = family.at(index);
    const kept = keptAt(family, index);
    if (entry === null || kept === null) return Action.Drop;
    const left = entry.until - spansNow();
    // It is another's by now, or nobody's: there is nothing to bring.
    if (entry.serial !== serial || kept.serial !== serial || isReply(entry) || !lives(entry.until, spansNow()))
      return Action.Drop;
    const path = pathAt(view.epoch, kept.bucket);
    const own = path === null ? 0 : path.complete - 1;
    if (view.self === 0 || path === null || path.complete === 0 || path.members[(own & 7) as 0] !== view.self)
      return lost(TableFault.Role);
    if (path.complete >= path.length) return lost(TableFault.Role);
    if (!writeInstead(frame, family, entry)) return lost(TableFault.Room);
    const client = family.packetsOf(entry);
    const { vni } = client;
    writeEntry(hand.entry, {
      client,
      to: family.endsOf(entry),
      change: entry.change & (DECIDED | WAITS),
      generation: entry.generation,
      vni,
      place: kept.place,
      placeVni: kept.placeVni,
      note: noteOf(family, { way: entry, index, serial: u16(serial) }, () =>
        backOf(family, entry, client.protocol, spansNow()),
      ),
    });
    if (family.isIpv4 && isAcross(entry) && !takeAcross(hand.entry, entry, index)) return Action.Drop;
    hand.entry.version = inState(kept.version, entry.state);
    hand.entry.life = secondsIn(left);
    hand.of.operation = Operation.Transfer;
    hand.of.hops = HOP_BUDGET;
    hand.of.place = path.complete;
    hand.of.epoch = view.epoch;
    hand.of.bucket = kept.bucket;
    hand.of.service = entry.service;
    hand.of.forwarder = view.self;
    hand.of.sent = number;
    hand.of.detail = serial;
    hand.vni = vni;
    hand.withEntry = 1;
    // What was copied meanwhile is whole, and its own.
    if (!family.stands({ way: entry, index, serial: u16(serial) })) return Action.Drop;
    return sendTo(frame, hand, path.members[(path.complete & 7) as 0]);
  };

export const zeta_transfer4 = program("zeta_transfer4", bring(ipv4Family, jobs4));
export const zeta_transfer6 = program("zeta_transfer6", bring(ipv6Family, jobs6));
