/** Operations of the flow table in frames, as bpf-lib/table/operation.ts lays them out: read, and tagged anew. */
import { sipHash } from "./sip-hash.ts";

export const OPERATIONS = [
  "none",
  "lookup",
  "decide",
  "touch",
  "close",
  "update",
  "reply",
  "refuse",
  "nobody",
  "stale",
  "transfer",
  "stored",
  "fragment",
  "followed",
  "seek",
  "over",
] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** Offsets in a frame over IPv4 without a VLAN tag: Ethernet, IPv4, UDP and Geneve take 50 bytes. */
export const AT = {
  addresses: 26,
  vni: 46,
  operation: 54,
  hops: 55,
  place: 56,
  key: 57,
  epoch: 58,
  bucket: 62,
  service: 64,
  forwarder: 66,
  sent: 70,
  detail: 74,
  tag: 78,
  entry: 90,
} as const;
export const SHORT_BYTES = 86;
export const LONG_BYTES = 210;
const GENEVE_AT = 42;
const IP_LENGTH_AT = 16;
const UDP_LENGTH_AT = 38;

/** Bytes before the tenant's frame. */
export const headerBytes = (frame: Uint8Array): number => 50 + ((frame[GENEVE_AT] ?? 0) & 63) * 4;

export const operationOf = (frame: Uint8Array): OperationName => OPERATIONS[frame[AT.operation] ?? 0] ?? "none";

/** The tag that a frame's operation must have by a key of 16 bytes. */
export function tagOf(frame: Uint8Array, key: Uint8Array): bigint {
  const bytes = Buffer.from(frame);
  const words = [bytes.subarray(AT.operation, AT.tag), bytes.subarray(AT.addresses, AT.addresses + 8)];
  const network = Buffer.alloc(8);
  network.writeUInt32LE(bytes.readUIntBE(AT.vni, 3));
  words.push(network);
  if (headerBytes(frame) === LONG_BYTES) words.push(bytes.subarray(AT.entry, LONG_BYTES));
  return sipHash(key, Buffer.concat(words));
}

/** The frame with the right tag. */
export function tagged(frame: Uint8Array, key: Uint8Array): Uint8Array {
  const out = Buffer.from(frame);
  out.writeBigUInt64BE(tagOf(frame, key), AT.tag);
  return new Uint8Array(out);
}

/** The frame with more options than its operation has: so many words of zeros, behind them all. */
export function withMoreOptions(frame: Uint8Array, words: number): Uint8Array {
  const end = headerBytes(frame);
  const out = Buffer.concat([frame.subarray(0, end), Buffer.alloc(words * 4), frame.subarray(end)]);
  out[GENEVE_AT] = (frame[GENEVE_AT] ?? 0) + words;
  for (const length of [IP_LENGTH_AT, UDP_LENGTH_AT]) out.writeUInt16BE(out.readUInt16BE(length) + words * 4, length);
  return new Uint8Array(out);
}

/** The frame, as it would go to another member and place of the chain in an epoch. */
export function redirected(
  frame: Uint8Array,
  { to, place, epoch }: { readonly to: number; readonly place: number; readonly epoch: number },
  key: Uint8Array,
): Uint8Array {
  const out = Buffer.from(frame);
  out.writeUInt16BE(to, AT.addresses + 6);
  out[AT.place] = place;
  out.writeUInt32BE(epoch, AT.epoch);
  return tagged(out, key);
}
