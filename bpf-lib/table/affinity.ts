/**
 * Which end of a packet names the bucket of its flow, so that both directions of a flow have one: by what its service does with
 * addresses (docs/decisions/0016-a-flow-table-of-ordinary-nodes.md). User space fills the map as services come.
 */
import { map, type u32 as U32, u32 } from "zeta/bpf";
import { MOST_SERVICES } from "../node/services.ts";
import type { Parts } from "../packet/open.ts";
import { BUCKETS, bucketOf } from "./bucket.ts";

export const Affinity = {
  /** The client's end, which its service leaves alone, or gives a port of the same bucket for. */
  Client: 0,
  /** Both ends: the service sees both directions, and changes no address. */
  Both: 1,
} as const;

/** Of `Affinity`, by the service's index. */
export const zeta_table_affinity = map.array({ value: u32, max: MOST_SERVICES });

export const sourceBucket = (parts: Parts): U32 => bucketOf(parts.source, parts.sourcePort);
export const destinationBucket = (parts: Parts): U32 => bucketOf(parts.destination, parts.destinationPort);

/** The bucket of a packet that a service takes. One to a pool's external address is sent on from there (pools.ts). */
export const bucketFor = (parts: Parts, service: U32): U32 =>
  zeta_table_affinity.at(service) === Affinity.Both
    ? (sourceBucket(parts) + destinationBucket(parts)) & (BUCKETS - 1)
    : sourceBucket(parts);
