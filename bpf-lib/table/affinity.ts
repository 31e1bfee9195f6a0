/**
 * Which ends of a packet name the bucket of its flow, by what its service does with addresses
 * (docs/decisions/0016-a-flow-table-of-ordinary-nodes.md). A flow stands where packets that come back are looked for; one that is
 * looked for elsewhere is sent on by the head there, which asks the service. User space fills the map as services come.
 */
import { type address, map, type u32 as U32, type u16, u32 } from "zeta/bpf";
import type { FlowEnds } from "../flow/ends.ts";
import { Change } from "../flow/entry.ts";
import { MOST_SERVICES } from "../node/services.ts";
import { BUCKETS, bucketOf } from "./bucket.ts";

export const Affinity = {
  /** Of a service that listens at addresses: what comes back is nobody's, and goes by where it goes to. */
  Client: 0,
  /** Both ends: the service sees both directions. */
  Both: 1,
  /** Of one that sees both directions and has pools: where a packet comes from; by a pool's address, that. */
  Source: 2,
} as const;

/** Beside that: it takes all, and packets in its network may answer flows of a service that listens at addresses. */
const TAKES_ANSWERS = 4;

/** Of `Affinity`, and that bit, by the service's index. */
export const zeta_table_affinity = map.array({ value: u32, max: MOST_SERVICES });
const wordOf = (service: U32): U32 => zeta_table_affinity.at(service) ?? Affinity.Client;
export const affinityOf = (service: U32): U32 => wordOf(service) & (TAKES_ANSWERS - 1);
export const takesAnswers = (service: U32): boolean => (wordOf(service) & TAKES_ANSWERS) !== 0;

export const sourceBucket = (of: FlowEnds): U32 => bucketOf(of.source, of.sourcePort);
export const destinationBucket = (of: FlowEnds): U32 => bucketOf(of.destination, of.destinationPort);
const bothBuckets = (of: FlowEnds): U32 => (sourceBucket(of) + destinationBucket(of)) & (BUCKETS - 1);

/** Where the flow of a packet that a service takes is looked for. */
export const bucketFor = (of: FlowEnds, service: U32): U32 =>
  affinityOf(service) === Affinity.Both ? bothBuckets(of) : sourceBucket(of);

/** Where it is looked for first: a packet that may be an answer to a flow of another's, where that would stand. */
export const firstBucketFor = (of: FlowEnds, service: U32): U32 =>
  takesAnswers(service) ? destinationBucket(of) : bucketFor(of, service);

/** Where a flow stands whose client sends from `client`, and that was decided so; `here` where a pool has led. */
export const bucketOfDecided = (client: FlowEnds, to: FlowEnds, change: U32, service: U32, here: U32): U32 => {
  const affinity = affinityOf(service);
  if (affinity === Affinity.Both) return bothBuckets(to);
  if (affinity === Affinity.Client) return sourceBucket(to);
  if ((change & Change.DestinationPool) !== 0) return here;
  return (change & Change.Source) !== 0 ? sourceBucket(client) : destinationBucket(to);
};

/** Where the flow stands of which this packet has found a direction: what that does, and the ends that it leaves with. */
export const bucketOfFlow = (sent: FlowEnds, to: FlowEnds, change: U32, service: U32): U32 => {
  const affinity = affinityOf(service);
  const reply = (change & Change.Reply) !== 0;
  if (affinity === Affinity.Both) return reply ? bothBuckets(sent) : bothBuckets(to);
  let of: address = to.destination;
  let port: u16 = to.destinationPort;
  if (affinity === Affinity.Client) {
    of = reply ? sent.destination : to.source;
    port = reply ? sent.destinationPort : to.sourcePort;
  } else if ((change & Change.DestinationPool) !== 0) {
    of = reply ? sent.source : sent.destination;
    port = reply ? sent.sourcePort : sent.destinationPort;
  } else if (reply ? (change & Change.Destination) === 0 : (change & Change.Source) !== 0) {
    of = sent.source;
    port = sent.sourcePort;
  }
  return bucketOf(of, port);
};
