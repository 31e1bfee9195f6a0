/**
 * Answering neighbour solicitations for entrances (RFC 4861 section 7.2.4, duplicate address detection of RFC 4862 section
 * 5.4.3), in place. What fails the validation of RFC 4861 section 7.1.1, comes from the address itself or is longer than any
 * ordinary solicitation (the signed ones of RFC 3971) is left to the host stack.
 */
import {
  Action,
  type ethernetHeader,
  type Frame,
  fromIpv6,
  header,
  Icmpv6Type,
  i32,
  ipv6,
  ipv6Header,
  mac,
  type Of,
  Protocol,
  swapBytes,
  u64 as toU64,
  u8,
  u16,
  u32,
  type u64,
} from "zeta/bpf";
import { sumOf } from "../packet/span.ts";
import { updated } from "../packet/sums.ts";
import { icmpWords } from "../packet/words.ts";
import { answererFor, NOBODY } from "./entrances.ts";
import {
  ethernetAddresses,
  HOP_LIMIT,
  IPV6,
  isMulticast,
  isWhole,
  linkAddressOption,
  MOST_UNITS,
  readOptions,
  UNIT,
  UNSPECIFIED,
} from "./message.ts";
import { isGroup, reaches } from "./stations.ts";

/** Solicitation or advertisement, without options. */
const message = header({ type: u8, code: u8, checksum: u16, flags: u32, target: ipv6 });

const MESSAGE = 24;
const TARGET_ADDRESS = 2;

const ROUTER = 0x8000_0000;
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;

const SOLICITED_NODE = ipv6("ff02::1:ff00:0");
const LAST_BYTES = ipv6("::ff:ffff");
const ALL_NODES = ipv6("ff02::1");
const ALL_NODES_MAC = mac("33:33:00:00:00:01");

/** `at`: where the IPv6 header begins; `vni`: the network that it came from. Null when it is not for us to answer; the packet is then as it was. */
export const answerSolicitation = (
  frame: Frame,
  ethernet: Of<typeof ethernetHeader>,
  at: u32,
  vni: u32,
): Action | null => {
  const cursor = frame.cursor(at);
  const ip = cursor.take(ipv6Header);
  const asked = cursor.take(message);
  if (ip === null || asked === null || ip.start.version !== 6) return null;
  if (ip.nextHeader !== Protocol.Icmpv6 || asked.type !== Icmpv6Type.NeighbourSolicitation) return null;
  const { source: asker, destination, payloadLength: length } = ip;
  const { target } = asked;
  const units = (length - MESSAGE) / UNIT;
  if (ip.hopLimit !== HOP_LIMIT || asked.code !== 0 || length < MESSAGE || length % UNIT !== 0) return null;
  if (units > MOST_UNITS || isMulticast(asker) || isMulticast(target) || asker === target) return null;
  const toGroup = destination === (SOLICITED_NODE | (target & LAST_BYTES));
  const detects = asker === UNSPECIFIED;
  if (!toGroup && (detects || destination !== target)) return null;
  const options = readOptions(frame, at + IPV6 + MESSAGE, units);
  if (!options.sound || (detects && options.given) || !isWhole(frame, at, length)) return null;
  const { mac: own, router, instead } = answererFor(frame, vni, fromIpv6(target));
  if (own === NOBODY || !reaches(ethernet.destination, own)) return null;
  // Whoever looks whether an address is free may be the station that has it.
  if (instead !== NOBODY && (detects || ethernet.source === instead)) return null;
  const to = detects ? ALL_NODES_MAC : options.given ? options.from : ethernet.source;
  if (isGroup(ethernet.source) || (!detects && isGroup(to))) return null;
  // In another's stead, without overriding what a neighbour knows (RFC 4861 section 7.2.8).
  const flags: u32 = (instead === NOBODY ? OVERRIDE : 0) | (router ? ROUTER : 0) | (detects ? 0 : SOLICITED);
  const cut = at + IPV6 + MESSAGE + UNIT;
  if (frame.length !== cut && !frame.adjustTail(i32(u32(cut - frame.length)))) return null;
  return advertise(frame, at, { own, to, target, asker: detects ? ALL_NODES : asker, flags });
};

interface Advertisement {
  readonly own: mac;
  readonly to: mac;
  readonly target: ipv6;
  readonly asker: ipv6;
  readonly flags: u32;
}

const advertise = (frame: Frame, at: u32, { own, to, target, asker, flags }: Advertisement): Action => {
  const ethernet = frame.cursor().peek(ethernetAddresses);
  const cursor = frame.cursor(at);
  const ip = cursor.take(ipv6Header);
  const words = cursor.peek(icmpWords);
  const said = cursor.take(message);
  const option = cursor.take(linkAddressOption);
  if (ethernet === null || ip === null || words === null || said === null || option === null) return Action.Drop;
  ethernet.destination = to;
  ethernet.source = own;
  ip.start = { version: 6, dscp: 0, ecn: 0, flowLabel: 0 };
  ip.payloadLength = MESSAGE + UNIT;
  ip.source = target;
  ip.destination = asker;
  said.type = Icmpv6Type.NeighbourAdvertisement;
  said.checksum = 0;
  said.flags = flags;
  option.type = TARGET_ADDRESS;
  option.units = 1;
  option.mac = own;
  const pseudo: u64 = sumOf(frame, at + UNIT, 32, 32) + toU64(swapBytes.u16(u16(Protocol.Icmpv6 + MESSAGE + UNIT)));
  words.checksum = updated(0xffff, pseudo + sumOf(frame, at + IPV6, MESSAGE + UNIT, MESSAGE + UNIT));
  return Action.Transmit;
};
