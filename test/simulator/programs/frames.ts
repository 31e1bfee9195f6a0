/** Packets of tenants as frames, and what frames that leave the cluster say. The last four bytes of a frame are its packet's number. */
import { portOf } from "../../../runtime/cluster/buckets.ts";
import { parseAddress } from "../../../sdk/layout/address.ts";
import { onesComplementSum } from "../../kit/checksum.ts";
import type { Flow, Packet } from "../wire.ts";
import { NETWORK, unwrapped, wrapped } from "./overlay.ts";

export const VIP = "10.1.0.1";
export const VIP6 = "2001:db8:1::1";
/** Of each tenant: where the pool of its sources is. */
export const EXTERNAL = ["203.0.113.8", "203.0.113.9"] as const;
const STRICT = 80;
const LENIENT = 81;
const BACKEND_PORT = 8080;
const BACKENDS = 0x0b00_0000;
/** As bpf-lib/simulated/service.ts has it. */
const BACKENDS6 = bytesOf("2001:db8:b::");

const ETHERNET = 14;
const TCP = 20;
const NUMBER = 4;
const FLAGS = { SYN: 0x02, DATA: 0x18, FIN: 0x11, RST: 0x14 } as const;
const TCP_PROTOCOL = 6;
const TTL = 64;

function bytesOf(text: string): Uint8Array {
  const value = parseAddress(text);
  if (value === null) throw new TypeError(`'${text}' is no address.`);
  const bytes = Buffer.from(value.toString(16).padStart(32, "0"), "hex");
  return text.includes(":") ? bytes : bytes.subarray(12);
}

interface End {
  readonly address: Uint8Array;
  readonly port: number;
}

/** A flow's ends that stay: its client's and the one that its client speaks to. */
export interface Ends {
  readonly client: End;
  readonly service: End;
}

const PER_BUCKET = 5;
/** From this one on, a bucket's flows are the second tenant's, with the ends of the first ones. */
const SECONDS = 3;
/** One in three flows is of IPv6, where sources stay. */
const isSix = ({ index }: Flow): boolean => index % 3 === 2;
/** 0 of the first. */
export const tenantOf = ({ index }: Flow): 0 | 1 => (index % PER_BUCKET < SECONDS ? 0 : 1);
export const networkOf = (flow: Flow): number => (tenantOf(flow) === 0 ? 0 : NETWORK);

export const clientOf = (flow: Flow): string => {
  const number = flow.index - SECONDS * tenantOf(flow) + 1;
  return isSix(flow) ? `2001:db8::${number.toString(16)}` : `10.0.0.${number}`;
};

export function endsOf(flow: Flow): Ends {
  const { index, bucket, kind } = flow;
  const port = kind === "lenient" ? LENIENT : STRICT;
  const client = clientOf(flow);
  const own = portOf(parseAddress(client) as bigint, bucket, 7 * ((index - SECONDS * tenantOf(flow)) % PER_BUCKET));
  return {
    client: { address: bytesOf(client), port: own },
    service: { address: bytesOf(isSix(flow) ? VIP6 : VIP), port },
  };
}

function backendOf(six: boolean, decision: number): End {
  const address = Buffer.alloc(six ? 16 : 4);
  if (six) {
    address.set(BACKENDS6);
    address.writeUInt32BE(decision, 12);
  } else address.writeUInt32BE((BACKENDS | decision) >>> 0);
  return { address, port: BACKEND_PORT };
}

function pseudoSum(from: Uint8Array, to: Uint8Array, length: number): number {
  return onesComplementSum(from) + onesComplementSum(to) + TCP_PROTOCOL + length;
}

const folded = (sum: number): number => {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16);
  return rest;
};

function frameOf(from: End, to: End, flags: number, number: number): Uint8Array {
  const six = from.address.length === 16;
  const ip = six ? 40 : 20;
  const frame = Buffer.alloc(ETHERNET + ip + TCP + NUMBER);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], 0);
  frame.writeUInt16BE(six ? 0x86dd : 0x0800, 12);
  if (six) {
    frame[ETHERNET] = 0x60;
    frame.writeUInt16BE(TCP + NUMBER, ETHERNET + 4);
    frame[ETHERNET + 6] = TCP_PROTOCOL;
    frame[ETHERNET + 7] = TTL;
    frame.set(from.address, ETHERNET + 8);
    frame.set(to.address, ETHERNET + 24);
  } else {
    frame[ETHERNET] = 0x45;
    frame.writeUInt16BE(ip + TCP + NUMBER, ETHERNET + 2);
    frame[ETHERNET + 8] = TTL;
    frame[ETHERNET + 9] = TCP_PROTOCOL;
    frame.set(from.address, ETHERNET + 12);
    frame.set(to.address, ETHERNET + 16);
    frame.writeUInt16BE(~onesComplementSum(frame.subarray(ETHERNET, ETHERNET + ip)) & 0xffff, ETHERNET + 10);
  }
  const tcp = ETHERNET + ip;
  frame.writeUInt16BE(from.port, tcp);
  frame.writeUInt16BE(to.port, tcp + 2);
  frame.writeUInt32BE(1000, tcp + 4);
  frame.writeUInt32BE((flags & 0x10) === 0 ? 0 : 5000, tcp + 8);
  frame[tcp + 12] = 0x50;
  frame[tcp + 13] = flags;
  frame.writeUInt16BE(8192, tcp + 14);
  frame.writeUInt32BE(number, tcp + TCP);
  const sum = pseudoSum(from.address, to.address, TCP + NUMBER) + onesComplementSum(frame.subarray(tcp));
  frame.writeUInt16BE(~folded(sum) & 0xffff, tcp + 16);
  return frame;
}

/** `number` comes out again at `numberOf`. */
export function toFrame(packet: Packet, { client, service }: Ends, number: number): Uint8Array {
  const flags = FLAGS[packet.kind];
  if (packet.from === "client") {
    const frame = frameOf(client, service, flags, number);
    return tenantOf(packet.flow) === 0 ? frame : wrapped(frame);
  }
  const six = isSix(packet.flow);
  const server = backendOf(six, packet.peer ?? 0);
  const to = six ? client : { address: bytesOf(EXTERNAL[tenantOf(packet.flow)]), port: (packet.port ?? 0) & 0xffff };
  return frameOf(server, to, flags, number);
}

/** Of any frame that holds the packet, in whatever envelope. */
export const numberOf = (frame: Uint8Array): number => {
  const { length } = frame;
  return new DataView(frame.buffer, frame.byteOffset, length).getUint32(length - NUMBER);
};

/** What a packet has become. */
export interface Seen {
  /** The overlay that it is in; 0 for none. */
  readonly network: number;
  readonly from: End;
  readonly to: End;
  readonly flags: number;
  /** Fault that every receiver would find, or null. */
  readonly wrong: string | null;
}

export function seen(outer: Uint8Array): Seen {
  const { network, frame, wrong } = unwrapped(outer);
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  const six = bytes.readUInt16BE(12) === 0x86dd;
  const ip = six ? 40 : 20;
  const at = ETHERNET + (six ? 8 : 12);
  const size = six ? 16 : 4;
  const from = bytes.subarray(at, at + size);
  const to = bytes.subarray(at + size, at + 2 * size);
  const tcp = ETHERNET + ip;
  const rest = bytes.subarray(tcp);
  const isBad =
    folded(pseudoSum(from, to, rest.length) + onesComplementSum(rest)) !== 0xffff ||
    (!six && onesComplementSum(bytes.subarray(ETHERNET, tcp)) !== 0xffff);
  return {
    network,
    from: { address: from, port: bytes.readUInt16BE(tcp) },
    to: { address: to, port: bytes.readUInt16BE(tcp + 2) },
    flags: bytes[tcp + 13] as number,
    wrong: wrong ?? (isBad ? "has a wrong checksum" : null),
  };
}

export const isAt = (end: End, other: End): boolean =>
  end.port === other.port && Buffer.compare(end.address, other.address) === 0;

/** The decision that a backend is of; null for an end that is none. */
export function decisionAt({ address, port }: End): number | null {
  if (port !== BACKEND_PORT) return null;
  const bytes = Buffer.from(address);
  if (address.length === 4) return bytes[0] === BACKENDS >>> 24 ? bytes.readUInt32BE() - BACKENDS : null;
  return Buffer.compare(bytes.subarray(0, 12), BACKENDS6.subarray(0, 12)) === 0 ? bytes.readUInt32BE(12) : null;
}

/** Whose pool this address is of; null for an address of none. */
export function poolAt({ address }: End): 0 | 1 | null {
  const at = EXTERNAL.findIndex((one) => Buffer.compare(address, bytesOf(one)) === 0);
  return at === -1 ? null : (at as 0 | 1);
}
