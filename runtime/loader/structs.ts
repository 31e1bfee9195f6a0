/** Writes the C structs that libbpf and the kernel take: fields by offset, zero elsewhere. */

export interface StructWriter {
  readonly bytes: Buffer;
  u32(offset: number, value: number): StructWriter;
  u64(offset: number, value: bigint | number): StructWriter;
}

/** A zeroed struct of `size` bytes. */
export function cStruct(size: number): StructWriter {
  const bytes = Buffer.alloc(size);
  const writer: StructWriter = {
    bytes,
    u32(offset, value) {
      bytes.writeUInt32LE(value >>> 0, offset);
      return writer;
    },
    u64(offset, value) {
      bytes.writeBigUInt64LE(BigInt(value), offset);
      return writer;
    },
  };
  return writer;
}

/** libbpf's option structs begin with their own size, so that versions can differ. */
export const options = (size: number): StructWriter => cStruct(size).u64(0, size);

/** Text of a NUL-terminated field of at most `size` bytes. */
export function fixedText(bytes: Uint8Array, offset: number, size: number): string {
  const field = bytes.subarray(offset, offset + size);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("utf8");
}
