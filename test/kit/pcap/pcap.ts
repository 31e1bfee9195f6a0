/** The classic pcap format (draft-ietf-opsawg-pcap): one interface, micro- or nanoseconds, either byte order. */
import { concat } from "../bytes.ts";
import {
  type Capture,
  type CapturedPacket,
  completed,
  ETHERNET_LINK,
  type PacketToWrite,
  SNAP_LENGTH,
  type WriteOptions,
} from "./capture.ts";

const MAGIC = { us: 0xa1b2c3d4, ns: 0xa1b23c4d } as const;
const HEADER = 24;
const RECORD = 16;

interface Start {
  readonly little: boolean;
  readonly resolution: "ns" | "us";
}

/** Null when the bytes do not begin as a pcap file does. */
export function pcapStart(bytes: Uint8Array): Start | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MAGIC.us) return { little, resolution: "us" };
    if (magic === MAGIC.ns) return { little, resolution: "ns" };
  }
  return null;
}

/** `bytes` begin with a pcap magic and have a whole file header. */
export function readPcapBody(bytes: Uint8Array, { little, resolution }: Start): Capture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const unit = resolution === "ns" ? 1n : 1000n;
  const packets: CapturedPacket[] = [];
  let stopped: string | null = null;
  for (let at = HEADER; at < bytes.length; ) {
    const stored = at + RECORD <= bytes.length ? view.getUint32(at + 8, little) : 0;
    if (at + RECORD + stored > bytes.length) {
      stopped = `the record at byte ${at} is cut off`;
      break;
    }
    const time = BigInt(view.getUint32(at, little)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * unit;
    const start = at + RECORD;
    packets.push({
      time,
      bytes: bytes.slice(start, start + stored),
      originalLength: view.getUint32(at + 12, little),
      interface: 0,
    });
    at = start + stored;
  }
  // The upper bits of the link type hold the length of frame check sequences.
  const linkType = view.getUint32(20, little) & 0xffff;
  return {
    format: "pcap",
    interfaces: [{ linkType, snapLength: view.getUint32(16, little), name: null, resolution }],
    packets,
    stopped,
  };
}

export const hasPcapHeader = (bytes: Uint8Array): boolean => bytes.length >= HEADER;

/** Writes a pcap file, ready for Wireshark. */
export function writePcap(packets: Iterable<PacketToWrite>, options: WriteOptions = {}): Uint8Array {
  const { endianness = "little", resolution = "ns", snapLength = SNAP_LENGTH, linkType = ETHERNET_LINK } = options;
  const little = endianness === "little";
  const words = (...values: readonly number[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    for (const [i, value] of values.entries()) view.setUint32(4 * i, value, little);
    return new Uint8Array(view.buffer);
  };
  const header = words(MAGIC[resolution], 0, 0, 0, snapLength, linkType);
  new DataView(header.buffer).setUint16(4, 2, little);
  new DataView(header.buffer).setUint16(6, 4, little);
  const records = [...packets].flatMap((packet, index) => {
    const { time, bytes, originalLength } = completed(packet, index, snapLength);
    const fraction = Number(time % 1_000_000_000n);
    const seconds = Number(time / 1_000_000_000n);
    return [
      words(seconds, resolution === "ns" ? fraction : Math.floor(fraction / 1000), bytes.length, originalLength),
      bytes,
    ];
  });
  return concat(header, ...records);
}
