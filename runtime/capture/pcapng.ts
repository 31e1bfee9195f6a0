/** The pcapng format (draft-ietf-opsawg-pcapng), block by block, so that a capture can be written while it is made. */

export const PCAPNG_BLOCK = { section: 0x0a0d0d0a, interface: 1, simplePacket: 3, enhancedPacket: 6 } as const;
export const PCAPNG_BYTE_ORDER = 0x1a2b3c4d;
export const PCAPNG_OPTION = { end: 0, comment: 1, interfaceName: 2, resolution: 9, offset: 14 } as const;

export interface PcapngInterface {
  /** Link type (LINKTYPE_ETHERNET is 1). */
  readonly linkType: number;
  /** Longest stored packet. */
  readonly snapLength: number;
  readonly name: string | null;
  /** Of timestamps. */
  readonly resolution: "ns" | "us";
}

export interface PcapngPacket {
  /** By its place among the section's interfaces. */
  readonly interface: number;
  /** Since 1970, in units of the interface's resolution. */
  readonly ticks: bigint;
  readonly bytes: Uint8Array;
  /** Length on the wire. */
  readonly originalLength: number;
  readonly comment?: string;
}

/** Bytes of blocks: a section first, then its interfaces, then packets. */
export interface PcapngBlocks {
  section(): Uint8Array;
  interface(one: PcapngInterface): Uint8Array;
  packet(one: PcapngPacket): Uint8Array;
}

/** Longest value of an option, by its length field. */
const LONGEST = 0xffff;
const padding = ({ length }: Uint8Array): Uint8Array => new Uint8Array(-length & 3);

export function pcapngBlocks(endianness: "little" | "big" = "little"): PcapngBlocks {
  const little = endianness === "little";
  const number = (size: 2 | 4, value: number): Uint8Array => {
    const view = new DataView(new ArrayBuffer(size));
    if (size === 2) view.setUint16(0, value, little);
    else view.setUint32(0, value, little);
    return new Uint8Array(view.buffer);
  };
  const short = (value: number) => number(2, value);
  const word = (value: number) => number(4, value);
  const option = (code: number, value: Uint8Array): Uint8Array[] => [
    short(code),
    short(value.length),
    value,
    padding(value),
  ];
  const end = option(PCAPNG_OPTION.end, new Uint8Array(0));
  const block = (type: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const length = word(parts.reduce((sum, part) => sum + part.length, 12));
    return new Uint8Array(Buffer.concat([word(type), length, ...parts, length]));
  };
  const text = (value: string): Uint8Array => new TextEncoder().encode(value).subarray(0, LONGEST);
  return {
    section: () =>
      block(PCAPNG_BLOCK.section, word(PCAPNG_BYTE_ORDER), short(1), short(0), new Uint8Array(8).fill(0xff)),
    interface: ({ linkType, snapLength, name, resolution }) =>
      block(
        PCAPNG_BLOCK.interface,
        short(linkType),
        short(0),
        word(snapLength),
        ...(name === null ? [] : option(PCAPNG_OPTION.interfaceName, text(name))),
        ...option(PCAPNG_OPTION.resolution, Uint8Array.of(resolution === "ns" ? 9 : 6)),
        ...end,
      ),
    packet: ({ interface: on, ticks, bytes, originalLength, comment }) =>
      block(
        PCAPNG_BLOCK.enhancedPacket,
        word(on),
        word(Number(ticks >> 32n)),
        word(Number(ticks & 0xffff_ffffn)),
        word(bytes.length),
        word(originalLength),
        bytes,
        padding(bytes),
        ...(comment === undefined ? [] : [...option(PCAPNG_OPTION.comment, text(comment)), ...end]),
      ),
  };
}
