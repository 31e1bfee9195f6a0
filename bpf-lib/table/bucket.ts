/**
 * Which bucket a flow is of: β of the endpoint that both its directions have in common. Invertible in the port, so that the
 * ports of an external address that lead back to a bucket are computed (docs/decisions/0016-a-flow-table-of-ordinary-nodes.md).
 */
import { type address, type u16 as U16, u16, type u32 } from "zeta/bpf";
import { hashAddress } from "../flow/hash.ts";

export const BUCKETS = 1024;
/** 2^16 ports fall into 2^10 buckets: 64 each. */
const BUCKET_SHIFT = 6;
export const PORTS_OF_A_BUCKET = 64;
/** Odd, so that it has an inverse modulo 2^16; its bits are well spread (the golden ratio's). */
const SPREAD = 0x9e37;
const UNSPREAD = 0x7787;

export const bucketOf = (of: address, port: U16): u32 =>
  (((port + hashAddress(of)) * SPREAD) & 0xffff) >>> BUCKET_SHIFT;

/** The `nth` of the 64 ports by which packets to an address fall into a bucket. */
export const portOf = (of: address, bucket: u32, nth: u32): U16 =>
  u16(((bucket << BUCKET_SHIFT) | (nth & (PORTS_OF_A_BUCKET - 1))) * UNSPREAD - hashAddress(of));
