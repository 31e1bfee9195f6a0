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

/**
 * A port by which packets to an address fall into a bucket: the inverse of `bucketOf`. `index` is 64 times the bucket, and a
 * number below 64 which of its ports; `shift` the address's hash.
 */
export const portAt = (index: u32, shift: u32): U16 => u16(index * UNSPREAD - shift);
