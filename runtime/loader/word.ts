/** A 32-bit number as maps hold it on the machines that this runs on: keys of arrays, descriptors, indices. */
export function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
