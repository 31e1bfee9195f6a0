/** Sums over stretches of the packet, in memory order. */
import {
  array,
  checksumDifference,
  type Frame,
  loop,
  struct,
  swapBytes,
  u16 as toU16,
  u64 as toU64,
  type u32 as U32,
  u8,
  u16,
  u32,
  type u64,
} from "zeta/bpf";

const word = struct({ value: u32 });

/** The sum of `bytes` bytes (a multiple of 4, at most `most`, which is constant) from `start`. For headers. */
export const sumOf = (frame: Frame, start: U32, bytes: U32, most: number): u64 => {
  let sum: u64 = 0n;
  for (let at = 0; at < most; at += 4) {
    if (at >= bytes) break;
    const next = frame.cursor(start + at).peek(word);
    if (next !== null) sum += toU64(next.value);
  }
  return sum;
};

/** The same, whatever `bytes` is, by the kernel's own loop, which the verifier looks at once: for messages that are rare. */
export const loopSumOf = (frame: Frame, start: U32, bytes: U32): u64 => {
  let sum: u64 = 0n;
  loop(bytes / 4, (i) => {
    const next = frame.cursor(start + i * 4).peek(word);
    if (next === null) return false;
    sum += toU64(next.value);
    return true;
  });
  return sum;
};

/** Summed by a kernel helper, which is worth its call from some 100 bytes on. */
const BLOCK = 256;
const block = struct({ words: array(u32, BLOCK / 4) });
const PIECE = 16;
const piece = struct({ words: array(u32, 4) });
const half = struct({ value: u16 });
const byte = struct({ value: u8 });

/**
 * The one's-complement sum of `bytes` bytes from `start`, all of which the packet must hold, below 2^36. For everything longer
 * than headers. The kernel's own loop (bpf_loop) costs the verifier one round, where a plain one would cost it all ways
 * through it; and it is one loop, because each takes stack for what it captures.
 */
export const longSumOf = (frame: Frame, start: U32, bytes: U32): u64 => {
  const blocks: U32 = bytes / BLOCK;
  const pieces: U32 = (bytes % BLOCK) / PIECE;
  const halves: U32 = (bytes % PIECE) / 2;
  let sum: u64 = 0n;
  loop(blocks + pieces + halves, (i) => {
    if (i < blocks) {
      const part = frame.cursor(start + i * BLOCK).peek(block);
      if (part === null) return false;
      sum += toU64(swapBytes.u16(toU16(checksumDifference(null, part, 0))));
    } else if (i < blocks + pieces) {
      const part = frame.cursor(start + blocks * BLOCK + (i - blocks) * PIECE).peek(piece);
      if (part === null) return false;
      const { words } = part;
      sum += toU64(words[0]) + toU64(words[1]) + toU64(words[2]) + toU64(words[3]);
    } else {
      const part = frame.cursor(start + bytes - (bytes % PIECE) + (i - blocks - pieces) * 2).peek(half);
      if (part === null) return false;
      sum += toU64(part.value);
    }
    return true;
  });
  if (bytes % 2 !== 0) sum += toU64(frame.cursor(start + bytes - 1).peek(byte)?.value ?? 0);
  return sum;
};
