/** Moves between the `DataView`s that stand for the kernel's memory. Out-of-range places throw RangeError by themselves. */

/** Copies `bytes` bytes; the ranges may overlap. */
export function copyBytes(to: DataView, toAt: number, from: DataView, fromAt: number, bytes: number): void {
  const backwards = to.buffer === from.buffer && to.byteOffset + toAt > from.byteOffset + fromAt;
  if (backwards) {
    for (let i = bytes - 1; i >= 0; i--) to.setUint8(toAt + i, from.getUint8(fromAt + i));
    return;
  }
  let i = 0;
  for (; i + 4 <= bytes; i += 4) to.setUint32(toAt + i, from.getUint32(fromAt + i, true), true);
  for (; i < bytes; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i));
}

export function zeroBytes(to: DataView, toAt: number, bytes: number): void {
  let i = 0;
  for (; i + 4 <= bytes; i += 4) to.setUint32(toAt + i, 0, true);
  for (; i < bytes; i++) to.setUint8(toAt + i, 0);
}

/** A copy of `bytes` bytes as a plain array. */
export const snapshot = (view: DataView, at: number, bytes: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice(at, at + bytes);

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const swapping = new DataView(new ArrayBuffer(8));

/** Byte swap of 64 bits. */
export function swap64(value: bigint): bigint {
  swapping.setBigUint64(0, value, true);
  return swapping.getBigUint64(0, false);
}
