/**
 * The flow tables' time: a count of spans of about a sixteenth of a second, from the kernel's ticks, which cost nothing to
 * read. 32 bits of it last for seven years of uptime at least.
 */
import { clock, constant, struct, type u32 as U32, u32, u64 } from "zeta/bpf";

/**
 * Set before loading, from the kernel's tick rate: `perSecond` (HZ), and `shift`, the power of two of ticks in a span.
 * As it stands: 250 Hz, 64 ms.
 */
export const zeta_ticks = constant(struct({ perSecond: u32, shift: u32 }), { perSecond: 250, shift: 4 });

/** No flow may idle for longer: 49 days of spans of 64 ms. */
export const LONGEST_IDLE = 0x03ff_ffff;

/** The time now, in spans. */
export const spansNow = (): U32 => u32(clock("jiffies") >> u64(zeta_ticks.value.shift));

/** So many seconds in spans, rounded down. @param seconds at most 2^32 / HZ */
export const spansOf = (seconds: U32): U32 => (seconds * zeta_ticks.value.perSecond) >> zeta_ticks.value.shift;

/** So many spans in seconds, rounded up. */
export const secondsIn = (spans: U32): U32 =>
  ((spans << zeta_ticks.value.shift) + zeta_ticks.value.perSecond - 1) / zeta_ticks.value.perSecond;
