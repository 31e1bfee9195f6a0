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

/** Summed by a kernel helper, which is worth its call from some 100 bytes on. */
const BLOCK = 256;
const block = struct({ words: array(u32, BLOCK / 4) });
const PIECE = 16;
const piece = struct({ words: array(u32, 4) });
const half = struct({ value: u16 });
const byte = struct({ value: u8 });

/**
 * The one's-complement sum of `bytes` bytes from `start`, all of which the packet must hold, below 2^36. For everything longer than headers.
 * The kernel's own loops (bpf_loop) cost the verifier one round each, where plain ones would cost it all ways through them.
 */
export const longSumOf = (frame: Frame, start: U32, bytes: U32): u64 => {
  let sum: u64 = 0n;
  loop(bytes / BLOCK, (i) => {
    const part = frame.cursor(start + i * BLOCK).peek(block);
    if (part === null) return false;
    sum += toU64(swapBytes.u16(toU16(checksumDifference(null, part, 0))));
    return true;
  });
  const blocks: U32 = start + bytes - (bytes % BLOCK);
  loop((bytes % BLOCK) / PIECE, (i) => {
    const part = frame.cursor(blocks + i * PIECE).peek(piece);
    if (part === null) return false;
    const { words } = part;
    sum += toU64(words[0]) + toU64(words[1]) + toU64(words[2]) + toU64(words[3]);
    return true;
  });
  const pieces: U32 = start + bytes - (bytes % PIECE);
  loop((bytes % PIECE) / 2, (i) => {
    const part = frame.cursor(pieces + i * 2).peek(half);
    if (part === null) return false;
    sum += toU64(part.value);
    return true;
  });
  if (bytes % 2 !== 0) sum += toU64(frame.cursor(start + bytes - 1).peek(byte)?.value ?? 0);
  return sum;
};
