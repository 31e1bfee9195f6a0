/**
 * How many errors the node sends (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f): token buckets by CPU, so that none waits
 * for another, and by network, so that one tenant's bad packets do not silence the errors of the others.
 */
import { clock, map, type u32 } from "zeta/bpf";
import { bucket, takeToken } from "../state/bucket.ts";

/** Errors a second and in a burst, on each CPU for each bucket: as many a second as Linux sends in all. */
export const ERROR_RATE = { perSecond: 1000n, burst: 50n } as const;

const BUCKETS = 256;
const BUCKET_BITS = 8;
/** An odd constant with well-spread bits: networks are numbered one after the other, or in steps. */
const SPREAD = 0x9e37_79b1;

export const zeta_node_errors = map.perCpuArray({ value: bucket, max: BUCKETS });

/** Whether one more error may be sent in a network, by its VNI (0 outside overlays). Networks may share a bucket. */
export const mayTell = (network: u32): boolean => {
  const from = zeta_node_errors.at((network * SPREAD) >>> (32 - BUCKET_BITS));
  return from !== null && takeToken(from, ERROR_RATE, clock("coarse"));
};
