/**
 * Answering router solicitations (RFC 4861 section 6.2.6) in place, to whoever asked alone and at once: see
 * docs/decisions/0072-who-asks-for-a-router-is-told-alone.md. What fails the validation of section 6.1.1 is left to the host stack.
 */
import {
  Action,
  type ethernetHeader,
  type Frame,
  header,
  Icmpv6Type,
  i32,
  ipv6,
  ipv6Header,
  type mac,
  type Of,
  Protocol,
  struct,
  toIpv6,
  u64 as toU64,
  u8,
  u16,
  u32,
  u64,
} from "zeta/bpf";
import { mayTell } from "../icmp/limit.ts";
import { sumOf } from "../packet/span.ts";
import { updated } from "../packet/sums.ts";
import { icmpWords } from "../packet/words.ts";
import {
  ethernetAddresses,
  HOP_LIMIT,
  IPV6,
  isMulticast,
  isWhole,
  MOST_UNITS,
  readOptions,
  UNIT,
  UNSPECIFIED,
} from "./message.ts";
import { MOST_SAID, type Router, routerFor } from "./routers.ts";
import { isGroup, reaches } from "./stations.ts";

/** Without options. */
const solicitation = header({ type: u8, code: u8, checksum: u16, reserved: u32 });
const MESSAGE = 8;
const unit = struct({ value: u64 });
/** Of the destination, in an IPv6 header. */
const DESTINATION = 24;
const ADDRESS = 16;

const ALL_ROUTERS = ipv6("ff02::2");
const ALL_NODES = ipv6("ff02::1");

/** `at`: where the IPv6 header begins; `vni`: the network that it came from. Null when it is not for us to answer; the packet is then as it was. */
export const answerRouterSolicitation = (
  frame: Frame,
  ethernet: Of<typeof ethernetHeader>,
  at: u32,
  vni: u32,
): Action | null => {
  const cursor = frame.cursor(at);
  const ip = cursor.take(ipv6Header);
  const asked = cursor.take(solicitation);
  if (ip === null || asked === null || ip.start.version !== 6) return null;
  if (ip.nextHeader !== Protocol.Icmpv6 || asked.type !== Icmpv6Type.RouterSolicitation) return null;
  const { source: asker, destination, payloadLength: length } = ip;
  const units = (length - MESSAGE) / UNIT;
  if (ip.hopLimit !== HOP_LIMIT || asked.code !== 0 || length < MESSAGE || length % UNIT !== 0) return null;
  if (units > MOST_UNITS || isMulticast(asker)) return null;
  const router = routerFor(frame, vni);
  if (router === null) return null;
  const own = toIpv6(router.address);
  if (asker === own || (destination !== ALL_ROUTERS && destination !== own)) return null;
  const nameless = asker === UNSPECIFIED;
  const options = readOptions(frame, at + IPV6 + MESSAGE, units);
  if (!options.sound || (nameless && options.given) || !isWhole(frame, at, length)) return null;
  const to = options.given ? options.from : ethernet.source;
  if (!reaches(ethernet.destination, router.mac) || isGroup(ethernet.source) || isGroup(to)) return null;
  if (!mayTell(vni)) return null;
  const cut = at + IPV6 + router.units * UNIT;
  if (frame.length !== cut && !frame.adjustTail(i32(u32(cut - frame.length)))) return null;
  return advertise(frame, at, router, to, nameless ? ALL_NODES : asker);
};

const advertise = (frame: Frame, at: u32, router: Router, to: mac, asker: ipv6): Action => {
  const ethernet = frame.cursor().peek(ethernetAddresses);
  const ip = frame.cursor(at).peek(ipv6Header);
  if (ethernet === null || ip === null) return Action.Drop;
  ethernet.destination = to;
  ethernet.source = router.mac;
  ip.start = { version: 6, dscp: 0, ecn: 0, flowLabel: 0 };
  ip.payloadLength = u16(router.units * UNIT);
  ip.hopLimit = HOP_LIMIT;
  ip.source = toIpv6(router.address);
  ip.destination = asker;
  for (let i = 0; i < MOST_SAID; i++) {
    if (i >= router.units) break;
    const next = frame.cursor(at + IPV6 + i * UNIT).peek(unit);
    if (next === null) return Action.Drop;
    next.value = router.words[i] as u64;
  }
  const words = frame.cursor(at + IPV6).peek(icmpWords);
  if (words === null) return Action.Drop;
  words.checksum = updated(0xffff, toU64(router.sum) + sumOf(frame, at + DESTINATION, ADDRESS, ADDRESS));
  return Action.Transmit;
};
