/** Kernel helpers, under the names that say what they do; the helper's own name stands beside each. */
import { compiledOnly } from "../compiled.ts";
import { array, bigEndian, mac, struct, u8, u16, u32, type u64 } from "../layout/layouts.ts";
import type { SpinLock } from "../layout/types.ts";

/**
 * Time in nanoseconds: "monotonic" (bpf_ktime_get_ns, 30 ns), "coarse" (bpf_ktime_get_coarse_ns, 15 ns, a few ms
 * late), "boot" (counts suspend too); "jiffies" gives the kernel's tick count (almost free). The coarse clock and the ticks may be
 * read once for a packet, however often they are asked.
 */
export const clock = (_kind: "monotonic" | "coarse" | "boot" | "jiffies"): u64 => compiledOnly("clock");
/** bpf_get_prandom_u32. */
export const random = (): u32 => compiledOnly("random");
/** The CPU that runs this packet: bpf_get_smp_processor_id. */
export const cpu = (): u32 => compiledOnly("cpu");
/** Sends the packet out of an interface: bpf_redirect. */
export const redirect = (_interface: u32): u32 => compiledOnly("redirect");

/** Runs `body` with 0, 1, … up to `trips` times (at most 2^23), until it returns false: bpf_loop. Gives the number of runs. */
export const loop = (_trips: u32, _body: (index: u32) => boolean | void): u32 => compiledOnly("loop");

type Word<V> = { [K in keyof V]: V[K] extends u32 | u64 ? K : never }[keyof V];
/** Sequentially consistent operations on an aligned u32 or u64 field of a map value; each gives the old value. */
export const atomic = {
  add: <V, K extends Word<V>>(_of: V, _field: K, _by: V[K]): V[K] => compiledOnly("atomic.add"),
  and: <V, K extends Word<V>>(_of: V, _field: K, _with: V[K]): V[K] => compiledOnly("atomic.and"),
  or: <V, K extends Word<V>>(_of: V, _field: K, _with: V[K]): V[K] => compiledOnly("atomic.or"),
  xor: <V, K extends Word<V>>(_of: V, _field: K, _with: V[K]): V[K] => compiledOnly("atomic.xor"),
  exchange: <V, K extends Word<V>>(_of: V, _field: K, _next: V[K]): V[K] => compiledOnly("atomic.exchange"),
  compareExchange: <V, K extends Word<V>>(_of: V, _field: K, _expected: V[K], _next: V[K]): V[K] =>
    compiledOnly("atomic.compareExchange"),
} as const;

/** Holds the lock while `body` runs: bpf_spin_lock. Only field reads and writes may stand in it. */
export const withLock = (_lock: SpinLock, _body: () => void): void => compiledOnly("withLock");

/**
 * One's-complement sum of `to` minus `from` plus `seed`, folded to 16 bits: bpf_csum_diff. Sizes are multiples of 4.
 * See `foldedChecksum` for turning sums into header checksums (RFC 1071, RFC 1624).
 */
export const checksumDifference = (_from: object | null, _to: object | null, _seed: u32): u32 =>
  compiledOnly("checksumDifference");

/** Orders memory accesses for the compiler (not for the CPU). */
export const barrier = (): void => compiledOnly("barrier");
/** Swaps the bytes of a value. */
export const swapBytes = {
  u16: (_: u16): u16 => compiledOnly("swapBytes.u16"),
  u32: (_: u32): u32 => compiledOnly("swapBytes.u32"),
  u64: (_: u64): u64 => compiledOnly("swapBytes.u64"),
} as const;
/** Writes to the kernel's trace pipe: bpf_trace_printk. `%d %u %x %llu …` take up to three values. */
export const log = (_format: string, ..._values: readonly (u32 | u64)[]): void => compiledOnly("log");

/** `struct bpf_fib_lookup` of linux/bpf.h: set family, addresses (IPv4 in the first word), protocol, length and interface; get interface and MACs. */
export const fibParameters = struct({
  family: u8,
  protocol: u8,
  sourcePort: bigEndian(u16),
  destinationPort: bigEndian(u16),
  totalLength: u16,
  interface: u32,
  flowInfo: bigEndian(u32),
  sourceWords: array(bigEndian(u32), 4),
  destinationWords: array(bigEndian(u32), 4),
  vlanProtocol: bigEndian(u16),
  vlanTag: bigEndian(u16),
  sourceMac: mac,
  destinationMac: mac,
});
export const FibResult = {
  Success: 0,
  Blackhole: 1,
  Unreachable: 2,
  Prohibit: 3,
  NotForwarded: 4,
  ForwardingDisabled: 5,
  UnsupportedTunnel: 6,
  NoNeighbour: 7,
  FragmentationNeeded: 8,
  NoSource: 9,
} as const;
/** Route and neighbour look-up: bpf_fib_lookup. Negative kernel errors give FibResult.NotForwarded. */
export const fibLookup = (_parameters: object, _flags?: u32): u32 => compiledOnly("fibLookup");
