/** What eBPF's arithmetic and its jumps come to (RFC 9669, sections 4.1 to 4.3), on 64-bit or 32-bit words. */
type Bits = 32 | 64;
export const word = (value: bigint, bits: Bits = 64): bigint => BigInt.asUintN(bits, value);
const signed = (value: bigint, bits: Bits): bigint => BigInt.asIntN(bits, value);

/** By the upper four bits of the code. */
const ARITHMETIC: Readonly<Record<number, (a: bigint, b: bigint, bits: Bits) => bigint>> = {
  0: (a, b) => a + b,
  1: (a, b) => a - b,
  2: (a, b) => a * b,
  3: (a, b) => (b === 0n ? 0n : a / b),
  4: (a, b) => a | b,
  5: (a, b) => a & b,
  6: (a, b, bits) => a << (b & BigInt(bits - 1)),
  7: (a, b, bits) => a >> (b & BigInt(bits - 1)),
  8: (a) => -a,
  9: (a, b) => (b === 0n ? a : a % b),
  10: (a, b) => a ^ b,
  11: (_, b) => b,
  12: (a, b, bits) => signed(a, bits) >> (b & BigInt(bits - 1)),
};

export function compute(operation: number, a: bigint, b: bigint, bits: Bits): bigint {
  const of = ARITHMETIC[operation];
  if (of === undefined) throw new RangeError(`There is no arithmetic ${operation}.`);
  return word(of(word(a, bits), word(b, bits), bits), bits);
}

/** Bytes of a word of so many bits turned round, and what is above them gone. */
export function turned(value: bigint, bits: number): bigint {
  let turned = 0n;
  for (let at = 0n; at < bits; at += 8n) turned = (turned << 8n) | ((value >> at) & 0xffn);
  return turned;
}

const CONDITIONS: Readonly<Record<number, (a: bigint, b: bigint, bits: Bits) => boolean>> = {
  1: (a, b) => a === b,
  2: (a, b) => a > b,
  3: (a, b) => a >= b,
  4: (a, b) => (a & b) !== 0n,
  5: (a, b) => a !== b,
  6: (a, b, bits) => signed(a, bits) > signed(b, bits),
  7: (a, b, bits) => signed(a, bits) >= signed(b, bits),
  10: (a, b) => a < b,
  11: (a, b) => a <= b,
  12: (a, b, bits) => signed(a, bits) < signed(b, bits),
  13: (a, b, bits) => signed(a, bits) <= signed(b, bits),
};

export function holds(operation: number, a: bigint, b: bigint, bits: Bits): boolean {
  const of = CONDITIONS[operation];
  if (of === undefined) throw new RangeError(`There is no jump ${operation}.`);
  return of(word(a, bits), word(b, bits), bits);
}

/** Of atomic operations, without the bit that asks for the old value. */
export function exchanged(operation: number, old: bigint, value: bigint, expected: bigint): bigint {
  switch (operation & ~1) {
    case 0xe0:
      return value;
    case 0xf0:
      return old === expected ? value : old;
    case 0x00:
    case 0x40:
    case 0x50:
    case 0xa0:
      return compute(operation >> 4, old, value, 64);
    default:
      throw new RangeError(`There is no atomic operation ${operation}.`);
  }
}
