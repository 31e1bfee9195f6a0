/** Hashing flows: two multiplications over the key, the same for every packet of a flow and on every node. */
import { type address, type u8, type u16, u32, u64 } from "zeta/bpf";

/** Odd constants with well-spread bits (Steele and Vigna, "Computationally easy, spectrally good multipliers", 2021; SplitMix64). */
const FIRST = 0x9e37_79b9_7f4a_7c15n;
const SECOND = 0xbf58_476d_1ce4_e5b9n;

export const folded = (of: address): u64 => u64(of) ^ (u64(of >> 64n) * FIRST);

export const hashAddress = (of: address): u32 => {
  const mixed: u64 = folded(of) * SECOND;
  return u32(((mixed ^ (mixed >> 29n)) * FIRST) >> 32n);
};

export const hashFlow = (
  source: address,
  destination: address,
  sourcePort: u16,
  destinationPort: u16,
  protocol: u8,
): u32 => {
  const ports: u64 = (u64(sourcePort) << 32n) | (u64(destinationPort) << 16n) | u64(protocol);
  const first: u64 = (folded(source) ^ ports) * FIRST;
  const second: u64 = (folded(destination) ^ first ^ (first >> 32n)) * SECOND;
  return u32((second ^ (second >> 29n)) >> 16n);
};
