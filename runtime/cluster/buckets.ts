/**
 * Which bucket a flow is of: β of the one endpoint that both its directions have in common, as the data plane has it
 * (docs/decisions/0016-a-flow-table-of-ordinary-nodes.md). β is invertible in the port: of each address, 64 ports fall into a bucket.
 */

export const BUCKETS = 1024;
export const PORTS_OF_A_BUCKET = 64;
const SHIFT = 6;
/** Odd, so that it has an inverse modulo 2^16; the golden ratio's bits are well spread. */
const SPREAD = 0x9e37;
const UNSPREAD = 0x7787;

/** Of the data plane's own hash (bpf-lib/flow/hash.ts). */
const FIRST = 0x9e37_79b9_7f4a_7c15n;
const SECOND = 0xbf58_476d_1ce4_e5b9n;
const word = (value: bigint): bigint => BigInt.asUintN(64, value);

/** An address as 128 bits, of IPv4 mapped into IPv6. 0 to 2^32 - 1. */
export function hashAddress(address: bigint): number {
  const folded = word(address) ^ word((address >> 64n) * FIRST);
  const mixed = word(folded * SECOND);
  return Number(word((mixed ^ (mixed >> 29n)) * FIRST) >> 32n);
}

/** An endpoint whose address is hashed already: what is asked of many ports. 0 to 1023. */
export const bucketOfPort = (hash: number, port: number): number =>
  (((port + (hash & 0xffff)) * SPREAD) & 0xffff) >>> SHIFT;

/** β. `port` from 0 to 65535. */
export const bucketOf = (address: bigint, port: number): number => bucketOfPort(hashAddress(address), port);

/** The `nth` (0 to 63) of the ports of an address that fall into a bucket: β(address, portOf(address, bucket, nth)) = bucket. */
export const portOf = (address: bigint, bucket: number, nth: number): number =>
  (Math.imul((bucket << SHIFT) | nth, UNSPREAD) - hashAddress(address)) & 0xffff;

/** Of a flow whose ends both keep their addresses and may both begin: the same from either side. */
export const bucketOfBoth = (one: number, other: number): number => (one + other) % BUCKETS;
