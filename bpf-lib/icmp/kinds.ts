/** The errors that a gateway sends, in both families' numbers. */
import { IcmpType, Icmpv6Type, type u8, type u32 } from "zeta/bpf";

export interface IcmpError {
  readonly type4: u8;
  readonly code4: u8;
  readonly type6: u8;
  readonly code6: u8;
  /** The longest IP packet that goes through, in bytes; 0 when that is not the matter. */
  readonly mtu: u32;
}

const NO_MTU = { mtu: 0 } as const;
const unreachable = (code4: u8, code6: u8): IcmpError => ({
  type4: IcmpType.Unreachable,
  code4,
  type6: Icmpv6Type.Unreachable,
  code6,
  ...NO_MTU,
});

/** No route: "network unreachable" (RFC 1812 section 5.2.7.1) and "no route to destination" (RFC 4443 section 3.1). */
export const noRoute: IcmpError = unreachable(0, 0);
/** The host does not answer, or nobody holds the address. */
export const noHost: IcmpError = unreachable(1, 3);
/** Nothing listens on the port. */
export const noPort: IcmpError = unreachable(3, 4);
/** Refused by a rule: "communication administratively prohibited". */
export const prohibited: IcmpError = unreachable(13, 1);

/** The time to live, or the hop limit, was used up on the way. */
export const timeExceeded: IcmpError = {
  type4: IcmpType.TimeExceeded,
  code4: 0,
  type6: Icmpv6Type.TimeExceeded,
  code6: 0,
  ...NO_MTU,
};

/** Longer than the next hop takes: "fragmentation needed" (RFC 1191), "packet too big" (RFC 8201). */
export const tooBig = (mtu: u32): IcmpError => ({
  type4: IcmpType.Unreachable,
  code4: 4,
  type6: Icmpv6Type.PacketTooBig,
  code6: 0,
  mtu,
});
