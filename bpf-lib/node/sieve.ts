/**
 * Which addresses services may stand behind: a bit for each value of a hash. Packets to nobody mostly stop here, for two
 * reads of an array of 8 KiB instead of three of a hash map. User space sets a bit before the address is entered, and takes it
 * back when the last address of that value has gone (runtime/node/sieve.ts).
 */
import { type address, map, u32, u64 } from "zeta/bpf";
import { folded } from "../flow/hash.ts";

const SPREAD = 0xbf58_476d_1ce4_e5b9n;
const WORDS = 1024;
export const zeta_node_sieve = map.array({ value: u64, max: WORDS });

/** Whether a service may stand behind the address, in this network; address 0: behind all that no other does. */
export const mayListen = (vni: u32, to: address): boolean => {
  const place: u64 = ((folded(to) ^ (u64(vni) << 40n)) * SPREAD) >> 48n;
  const word = zeta_node_sieve.at(u32(place >> 6n));
  return word !== null && ((word >> (place & 63n)) & 1n) !== 0n;
};
