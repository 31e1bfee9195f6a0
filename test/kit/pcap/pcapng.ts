/** The pcapng format (draft-ietf-opsawg-pcapng): blocks, several interfaces, several sections in either byte order. */
import { PCAPNG_BLOCK, PCAPNG_BYTE_ORDER, PCAPNG_OPTION, pcapngBlocks } from "../../../runtime/capture/pcapng.ts";
import { concat } from "../bytes.ts";
import {
  type Capture,
  type CapturedPacket,
  type CaptureInterface,
  completed,
  ETHERNET_LINK,
  type PacketToWrite,
  SNAP_LENGTH,
  type WriteOptions,
} from "./capture.ts";

/** Nanoseconds are `ticks * numerator / denominator + offset`. */
interface Clock {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly offset: bigint;
}

const roundUp4 = (size: number): number => Math.ceil(size / 4) * 4;

/** Options: code, length, value padded to four bytes. What runs over the block's end is left out. */
function readOptions(view: DataView, from: number, end: number, little: boolean): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = from; at + 4 <= end; ) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === PCAPNG_OPTION.end || at + 4 + length > end) break;
    options.set(code, new Uint8Array(view.buffer, view.byteOffset + at + 4, length));
    at += 4 + roundUp4(length);
  }
  return options;
}

/** The resolution's high bit chooses powers of two; otherwise it is a negative power of ten. Microseconds unless told. */
function clockOf(options: ReadonlyMap<number, Uint8Array>, little: boolean): Clock {
  const resolution = options.get(PCAPNG_OPTION.resolution)?.[0] ?? 6;
  const power = BigInt(resolution & 0x7f);
  const seconds = options.get(PCAPNG_OPTION.offset);
  const offset = seconds?.length === 8 ? new DataView(seconds.buffer, seconds.byteOffset).getBigInt64(0, little) : 0n;
  return {
    numerator: 1_000_000_000n,
    denominator: resolution & 0x80 ? 2n ** power : 10n ** power,
    offset: offset * 1_000_000_000n,
  };
}

class Reader {
  readonly interfaces: CaptureInterface[] = [];
  readonly packets: CapturedPacket[] = [];
  /** Interfaces are numbered anew in each section. */
  #sectionStart = 0;
  readonly #clocks: Clock[] = [];
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  startSection(): void {
    this.#sectionStart = this.interfaces.length;
  }

  addInterface(at: number, end: number, little: boolean): void {
    const options = readOptions(this.#view, at + 8, end, little);
    const name = options.get(PCAPNG_OPTION.interfaceName);
    const clock = clockOf(options, little);
    this.#clocks.push(clock);
    this.interfaces.push({
      linkType: this.#view.getUint16(at, little),
      snapLength: this.#view.getUint32(at + 4, little),
      name: name === undefined ? null : new TextDecoder().decode(name),
      resolution: clock.denominator > 1_000_000n ? "ns" : "us",
    });
  }

  /** False when the block names an interface or a length that is not there. */
  addPacket(at: number, end: number, little: boolean): boolean {
    const on = this.#sectionStart + this.#view.getUint32(at, little);
    const clock = this.#clocks[on];
    const stored = this.#view.getUint32(at + 12, little);
    if (clock === undefined || at + 20 + stored > end) return false;
    const ticks = (BigInt(this.#view.getUint32(at + 4, little)) << 32n) | BigInt(this.#view.getUint32(at + 8, little));
    this.packets.push({
      time: (ticks * clock.numerator) / clock.denominator + clock.offset,
      bytes: this.#bytes.slice(at + 20, at + 20 + stored),
      originalLength: this.#view.getUint32(at + 16, little),
      interface: on,
    });
    return true;
  }

  /** A simple packet has no time and belongs to the section's first interface. */
  addSimplePacket(at: number, end: number, little: boolean): boolean {
    const first = this.interfaces[this.#sectionStart];
    if (first === undefined) return false;
    const originalLength = this.#view.getUint32(at, little);
    const stored = Math.min(originalLength, first.snapLength || originalLength, end - at - 4);
    this.packets.push({
      time: 0n,
      bytes: this.#bytes.slice(at + 4, at + 4 + stored),
      originalLength,
      interface: this.#sectionStart,
    });
    return true;
  }
}

export const isPcapng = (bytes: Uint8Array): boolean =>
  bytes.length >= 12 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === PCAPNG_BLOCK.section;

/** `bytes` begin with a section header block. Unknown blocks are skipped, as the format asks. */
export function readPcapngBody(bytes: Uint8Array): Capture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const reader = new Reader(bytes);
  let little = true;
  let stopped: string | null = null;
  for (let at = 0; at < bytes.length && stopped === null; ) {
    if (at + 12 > bytes.length) {
      stopped = `the block at byte ${at} is cut off`;
      break;
    }
    // The section header's type reads the same in both orders; its magic then says which one follows.
    if (view.getUint32(at) === PCAPNG_BLOCK.section) little = view.getUint32(at + 8, true) === PCAPNG_BYTE_ORDER;
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    const end = at + length - 4;
    if (length < 12 || length % 4 !== 0) stopped = `the block at byte ${at} has a length of ${length}`;
    else if (end + 4 > bytes.length) stopped = `the block at byte ${at} is cut off`;
    else if (type === PCAPNG_BLOCK.section) reader.startSection();
    else if (type === PCAPNG_BLOCK.interface && length >= 20) reader.addInterface(at + 8, end, little);
    else if (type === PCAPNG_BLOCK.enhancedPacket && (length < 32 || !reader.addPacket(at + 8, end, little))) {
      stopped = `the packet at byte ${at} makes no sense`;
    } else if (type === PCAPNG_BLOCK.simplePacket && (length < 16 || !reader.addSimplePacket(at + 8, end, little))) {
      stopped = `the packet at byte ${at} makes no sense`;
    }
    at = end + 4;
  }
  return { format: "pcapng", interfaces: reader.interfaces, packets: reader.packets, stopped };
}

export interface PcapngOptions extends WriteOptions {
  /** Names, one for each interface that packets refer to; one without a name unless told. */
  readonly interfaces?: readonly string[];
}

/** Writes a pcapng file with one section. */
export function writePcapng(packets: Iterable<PacketToWrite>, options: PcapngOptions = {}): Uint8Array {
  const { endianness, resolution = "ns", snapLength = SNAP_LENGTH, linkType = ETHERNET_LINK } = options;
  const to = pcapngBlocks(endianness);
  const interfaces = (options.interfaces ?? [null]).map((name) =>
    to.interface({ linkType, snapLength, name, resolution }),
  );
  const blocks = [...packets].map((packet, index) => {
    const { time, ...one } = completed(packet, index, snapLength);
    if (one.interface >= interfaces.length)
      throw new RangeError(`packet ${index} names interface ${one.interface}, of ${interfaces.length}`);
    return to.packet({ ...one, ticks: resolution === "ns" ? time : time / 1000n });
  });
  return concat(to.section(), ...interfaces, ...blocks);
}
