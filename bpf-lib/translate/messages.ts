/** ICMP messages of one family in the other's words: types, codes, pointers and MTUs (RFC 7915 sections 4.2 and 5.2). */
import { IcmpType, Icmpv6Type, type u8, type u32 } from "zeta/bpf";

/** `known`: whether the other family has it. `second`: the message's second word. */
export interface Message {
  readonly known: boolean;
  readonly type: u32;
  readonly code: u32;
  readonly second: u32;
}

const none: Message = { known: false, type: 0, code: 0, second: 0 };
const message = (type: u32, code: u32, second: u32 = 0): Message => ({ known: true, type, code, second });

const IPV6_LEAST = 1280;
const IPV4_LEAST = 68;
const DIFFERENCE = 20;
/** Sizes of links to try when a router does not tell its own (RFC 1191 section 7). */
const PLATEAUS = [68, 296, 508, 1006, 1492, 2002, 4352, 8166, 17914, 32000] as const;

const plateauBelow = (length: u32): u32 => {
  let found: u32 = IPV4_LEAST;
  for (const size of PLATEAUS) if (size < length) found = size;
  return found;
};

/** Fields of a header, by their first byte, as RFC 7915 figures 3 and 6 pair them; 255 for none. */
const NOWHERE = 255;
const fieldInIpv6 = (pointer: u32): u32 => {
  if (pointer <= 1) return pointer;
  if (pointer <= 3) return 4;
  if (pointer === 8) return 7;
  if (pointer === 9) return 6;
  if (pointer >= 12 && pointer <= 15) return 8;
  return pointer >= 16 && pointer <= 19 ? 24 : NOWHERE;
};
const fieldInIpv4 = (pointer: u32): u32 => {
  if (pointer <= 1) return pointer;
  if (pointer === 4 || pointer === 5) return 2;
  if (pointer === 6) return 9;
  if (pointer === 7) return 8;
  if (pointer >= 8 && pointer <= 23) return 12;
  return pointer >= 24 && pointer <= 39 ? 16 : NOWHERE;
};

const unreachableInIpv6 = (code: u32, second: u32, length: u32): Message => {
  switch (code) {
    case 0:
    case 1:
    case 5:
    case 6:
    case 7:
    case 8:
    case 11:
    case 12:
      return message(Icmpv6Type.Unreachable, 0);
    case 2:
      return message(Icmpv6Type.ParameterProblem, 1, 6);
    case 3:
      return message(Icmpv6Type.Unreachable, 4);
    case 4: {
      const told = second & 0xffff;
      const size = (told === 0 ? plateauBelow(length) : told) + DIFFERENCE;
      return message(Icmpv6Type.PacketTooBig, 0, Math.max(size, IPV6_LEAST));
    }
    case 9:
    case 10:
    case 13:
    case 15:
      return message(Icmpv6Type.Unreachable, 1);
    default:
      return none;
  }
};

/** An ICMPv4 error; `length`: of the packet that it quotes. */
export const errorInIpv6 = (type: u8, code: u32, second: u32, length: u32): Message => {
  if (type === IcmpType.Unreachable) return unreachableInIpv6(code, second, length);
  if (type === IcmpType.TimeExceeded) return message(Icmpv6Type.TimeExceeded, code);
  if (type !== IcmpType.ParameterProblem || (code !== 0 && code !== 2)) return none;
  const pointer = fieldInIpv6(second >> 24);
  return pointer === NOWHERE ? none : message(Icmpv6Type.ParameterProblem, 0, pointer);
};

const unreachableInIpv4 = (code: u32): Message => {
  switch (code) {
    case 0:
    case 2:
    case 3:
      return message(IcmpType.Unreachable, 1);
    case 1:
      return message(IcmpType.Unreachable, 10);
    case 4:
      return message(IcmpType.Unreachable, 3);
    default:
      return none;
  }
};

/** An ICMPv6 error. */
export const errorInIpv4 = (type: u8, code: u32, second: u32): Message => {
  if (type === Icmpv6Type.Unreachable) return unreachableInIpv4(code);
  if (type === Icmpv6Type.TimeExceeded) return message(IcmpType.TimeExceeded, code);
  if (type === Icmpv6Type.PacketTooBig) {
    const size = Math.min(Math.max(second, IPV4_LEAST + DIFFERENCE) - DIFFERENCE, 0xffff);
    return message(IcmpType.Unreachable, 4, size);
  }
  if (type !== Icmpv6Type.ParameterProblem || code > 1) return none;
  if (code === 1) return message(IcmpType.Unreachable, 2);
  const pointer = fieldInIpv4(second);
  return pointer === NOWHERE ? none : message(IcmpType.ParameterProblem, 0, pointer << 24);
};

/** Echo in the other family; 0 for anything else. Reply is 0 in IPv4, so it is told apart by `known`. */
export const echoInIpv6 = (type: u32): Message =>
  type === IcmpType.Echo
    ? message(Icmpv6Type.Echo, 0)
    : type === IcmpType.EchoReply
      ? message(Icmpv6Type.EchoReply, 0)
      : none;
export const echoInIpv4 = (type: u32): Message =>
  type === Icmpv6Type.Echo
    ? message(IcmpType.Echo, 0)
    : type === Icmpv6Type.EchoReply
      ? message(IcmpType.EchoReply, 0)
      : none;
