/**
 * Millions of flows by their ends, at random, and the bucket of each, by the product's own hash: a third each of clients of a service that
 * listens at an address (IPv4, IPv6), and of a service that takes all between any two ends.
 */
import { BUCKETS, bucketOf, bucketOfBoth } from "../../../runtime/cluster/buckets.ts";
import { random } from "../../kit/random.ts";

/** Which service takes a flow; `listens` ones go by their client's end, those of one that takes all by both. */
export const KINDS = ["listens, IPv4", "listens, IPv6", "takes all"] as const;
export type Kind = 0 | 1 | 2;
/** Where the service listens. */
export const LISTENS = { 4: { address: 0x0a01_0001, port: 80 }, 6: { address: "2001:db8:1::1", port: 80 } } as const;

export interface Flow {
  readonly kind: Kind;
  /** 128 bits, of IPv4 mapped into IPv6. */
  readonly source: bigint;
  readonly destination: bigint;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly bucket: number;
}

export interface Flows {
  readonly count: number;
  /** By flow. Which kind it is goes round: 0, 1, 2, 0 … */
  readonly buckets: Uint16Array;
  /** Some of them in full. */
  readonly sample: readonly Flow[];
}

const MAPPED = 0xffffn << 32n;
const SAMPLE = 16_384;

/** The same flows for the same number. */
export function drawFlows(count: number): Flows {
  const from = random(1);
  const four = (): bigint => MAPPED | BigInt(0x0b00_0000 + from.below(0xd000_0000));
  const six = (): bigint => (0x2001_0db8n << 96n) | (BigInt(from.u32()) << 32n) | BigInt(from.u32());
  const port = (): number => from.between(1024, 65_535);
  const buckets = new Uint16Array(count);
  const sample: Flow[] = [];
  // No multiple of how many kinds there are: some of each.
  const every = KINDS.length * Math.floor(count / SAMPLE / KINDS.length) + 1;
  for (let nth = 0; nth < count; nth++) {
    const kind = (nth % KINDS.length) as Kind;
    const [source, sourcePort] = [kind === 1 ? six() : four(), port()];
    const all = kind === 2;
    const destination = all ? four() : 0n;
    const destinationPort = all ? port() : LISTENS[4].port;
    const own = bucketOf(source, sourcePort);
    const bucket = all ? bucketOfBoth(own, bucketOf(destination, destinationPort)) : own;
    buckets[nth] = bucket;
    if (nth % every === 0) sample.push({ kind, source, sourcePort, destination, destinationPort, bucket });
  }
  return { count, buckets, sample };
}

/** How many flows of IPv4 and of IPv6 each node keeps, counted one by one; `keptBy` names the nodes of each bucket's path. */
export function countAtNodes(
  { buckets }: Flows,
  keptBy: readonly (readonly number[])[],
  nodes: number,
): { readonly four: Uint32Array; readonly six: Uint32Array } {
  const [four, six] = [new Uint32Array(nodes + 1), new Uint32Array(nodes + 1)];
  for (let nth = 0; nth < buckets.length; nth++) {
    const family = nth % KINDS.length === 1 ? six : four;
    for (const node of keptBy[buckets[nth] as number] as readonly number[]) family[node] = (family[node] as number) + 1;
  }
  return { four, six };
}

/** How many flows are of another chain than before, counted one by one. */
export function countMoved({ buckets }: Flows, before: readonly number[], after: readonly number[]): number {
  const moves = Uint8Array.from({ length: BUCKETS }, (_, bucket) => (before[bucket] === after[bucket] ? 0 : 1));
  let moved = 0;
  for (let nth = 0; nth < buckets.length; nth++) moved += moves[buckets[nth] as number] as number;
  return moved;
}
