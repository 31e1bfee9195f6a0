/** A hop into an overlay, as the data plane needs it: what is constant of the outer headers lies ready to be copied. */
import { array, struct, u8, u16, u32, u64 } from "zeta/bpf";

/** Bytes put before a frame: Ethernet, IP, UDP, and eight bytes of VXLAN or Geneve. */
export const OVERHEAD4 = 50;
export const OVERHEAD6 = 70;

/**
 * What is put before a packet. `runtime/overlay/outer-header.ts` makes `outer` and `sum`: all of the outer headers, and behind them the
 * addresses of the Ethernet header inside, as they lie in packets; what differs from packet to packet is zero there.
 */
export const tunnelHeaders = {
  /** What is constant of the checksum that must be made: the IPv4 header's, or UDP's over IPv6. Memory order, folded. */
  sum: u16,
  outer: array(u64, 11),
} as const;

/** 104 bytes. */
export const tunnelHop = struct({
  interface: u32,
  /** The longest IP packet that fits into the tunnel, in bytes. */
  mtu: u16,
  /** Of the outer header: 4 or 6. */
  family: u8,
  ...tunnelHeaders,
});
