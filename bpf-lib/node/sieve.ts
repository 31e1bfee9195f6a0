/**
 * Which addresses anybody has, a bit for each value of a hash: those that services may stand behind, and those of endpoints.
 * Packets to nobody, and hosts that are no endpoints, mostly stop here, for a read of an array of 8 KiB instead of some of a hash
 * map. User space sets a bit before an address is entered, and takes it back when the last address of that value has gone
 * (runtime/node/sieve.ts).
 */
import { type address, map, u32, u64 } from "zeta/bpf";
import { folded } from "../flow/hash.ts";

const SPREAD = 0xbf58_476d_1ce4_e5b9n;
/** Of 64 bits: 2^16 bits for each kind. */
const WORDS = 1024;
export const Sieve = { Listeners: 0, Endpoints: 1 } as const;
const KINDS = 2;
export const zeta_node_sieve = map.array({ value: u64, max: WORDS * KINDS });

/** Whether an address may be there, in its network: false when it is not. */
export const mayBeThere = (kind: number, vni: u32, of: address): boolean => {
  const place: u64 = ((folded(of) ^ (u64(vni) << 40n)) * SPREAD) >> 48n;
  const word = zeta_node_sieve.at(u32(place >> 6n) + kind * WORDS);
  return word !== null && ((word >> (place & 63n)) & 1n) !== 0n;
};
