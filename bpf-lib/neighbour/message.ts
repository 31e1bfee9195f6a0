/** What solicitations have in common (RFC 4861 section 4): their options, and whether they came whole. */
import { type Frame, header, ipv6, mac, Protocol, swapBytes, u64 as toU64, u8, u16, type u32 } from "zeta/bpf";
import { loopSumOf, sumOf } from "../packet/span.ts";
import { updated } from "../packet/sums.ts";

export const linkAddressOption = header({ type: u8, units: u8, mac });
export const ethernetAddresses = header({ destination: mac, source: mac });

export const IPV6 = 40;
/** Options count in these. */
export const UNIT = 8;
export const MOST_UNITS = 6;
const SOURCE_ADDRESS = 1;
/** Of whoever is on the link: routers take one away. */
export const HOP_LIMIT = 255;

export const UNSPECIFIED = ipv6("::");
const MULTICAST = ipv6("ff00::");
export const isMulticast = (of: ipv6): boolean => (of & MULTICAST) === MULTICAST;

/** What the options say: whether they are sound, and the sender's MAC address if it is among them. */
export const readOptions = (frame: Frame, start: u32, units: u32) => {
  let next: u32 = 0;
  let given = false;
  let from: mac = mac(0n);
  let sound = true;
  for (let i = 0; i < MOST_UNITS; i++) {
    if (i >= units || !sound) break;
    if (i < next) continue;
    const option = frame.cursor(start + i * UNIT).peek(linkAddressOption);
    if (option === null || option.units === 0) {
      sound = false;
      break;
    }
    if (option.type === SOURCE_ADDRESS) {
      given = true;
      from = option.mac;
    }
    next = i + option.units;
  }
  return { sound: sound && next === units, given, from };
};

/** The sum of the message and its pseudo-header; one whose checksum is right sums to all ones. */
export const isWhole = (frame: Frame, at: u32, length: u32): boolean =>
  updated(
    0xffff,
    sumOf(frame, at + UNIT, 32, 32) +
      toU64(swapBytes.u16(u16(Protocol.Icmpv6 + length))) +
      loopSumOf(frame, at + IPV6, length),
  ) === 0;
