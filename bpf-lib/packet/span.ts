/** Sums over stretches of the packet. */
import { type Frame, struct, u64 as toU64, type u32 as U32, u32, type u64 } from "zeta/bpf";

const word = struct({ value: u32 });

/** The sum of `bytes` bytes (a multiple of 4, at most `most`, which is constant) from `start`, in memory order. */
export const sumOf = (frame: Frame, start: U32, bytes: U32, most: number): u64 => {
  let sum: u64 = 0n;
  for (let at = 0; at < most; at += 4) {
    if (at >= bytes) break;
    const next = frame.cursor(start + at).peek(word);
    if (next !== null) sum += toU64(next.value);
  }
  return sum;
};
