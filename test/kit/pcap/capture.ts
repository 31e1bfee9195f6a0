/** What a capture file holds, whichever its format. Times are nanoseconds since 1970. */

export interface CaptureInterface {
  /** Link type (LINKTYPE_ETHERNET is 1). */
  readonly linkType: number;
  /** Longest stored packet; 0 is no limit. */
  readonly snapLength: number;
  readonly name: string | null;
  /** Of the stored timestamps. */
  readonly resolution: "ns" | "us";
}

export interface CapturedPacket {
  readonly time: bigint;
  /** What was stored. */
  readonly bytes: Uint8Array;
  /** Length on the wire, when more than was stored. */
  readonly originalLength: number;
  /** Index in `Capture.interfaces`. */
  readonly interface: number;
}

export interface Capture {
  readonly format: "pcap" | "pcapng";
  readonly interfaces: readonly CaptureInterface[];
  readonly packets: readonly CapturedPacket[];
  /** Why reading ended before the file did: a capture that was cut off. Null for a whole one. */
  readonly stopped: string | null;
}

export type Endianness = "little" | "big";
export const ETHERNET_LINK = 1;

/** A packet to write: bytes alone, or with what else is known. */
export type PacketToWrite =
  | Uint8Array
  | {
      readonly bytes: Uint8Array;
      readonly time?: bigint;
      readonly originalLength?: number;
      readonly interface?: number;
    };

export interface WriteOptions {
  readonly endianness?: Endianness;
  readonly resolution?: "ns" | "us";
  /** Longer packets are stored up to this length; 262144 unless told. */
  readonly snapLength?: number;
  readonly linkType?: number;
}

export const SNAP_LENGTH = 262_144;

/** Fills in what was left out: a microsecond between packets, nothing cut. */
export function completed(packet: PacketToWrite, index: number, snapLength: number): CapturedPacket {
  const {
    bytes,
    time = BigInt(index) * 1000n,
    originalLength = bytes.length,
    interface: on = 0,
  } = packet instanceof Uint8Array ? { bytes: packet } : packet;
  return { bytes: bytes.subarray(0, snapLength), time, originalLength, interface: on };
}
