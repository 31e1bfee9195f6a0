/**
 * A seeded hash of keys: MULTILINEAR-HM of Lemire and Kaser, "Strongly universal string hashing is fast" (The Computer
 * Journal, 2014). For a random seed any two keys are spread as by chance, so that nobody who does not know the seed can aim
 * at one place of a table. It costs one multiplication for 8 bytes.
 */
import { array, constant, type u32 as U32, type u64 as U64, u32, u64 } from "zeta/bpf";

/** Random words that the loader of a node's objects sets, the same for all of them: one more than words of 32 bits in a key. */
export const zeta_seed = constant(array(u64, 11), [
  0x9e37_79b9_7f4a_7c15n,
  0xbf58_476d_1ce4_e5b9n,
  0x94d0_49bb_1331_11ebn,
  0xd1b5_4a32_d192_ed03n,
  0xdb4f_0b91_75ae_2165n,
  0xaef1_7502_108e_f2d9n,
  0xeb44_acca_b455_d165n,
  0x8cb9_2ba7_2f3d_8dd7n,
  0xc6a4_a793_5bd1_e995n,
  0xff51_afd7_ed55_8ccdn,
  0xc4ce_b9fe_1a85_ec53n,
]);

/** Of a key in words of 64 bits: two, or five. */
export const hashOf = (key: readonly U64[]): U32 => {
  const seed = zeta_seed.value;
  let sum: U64 = seed[0];
  key.forEach((word, i) => {
    sum += ((seed[2 * i + 1] as U64) + (word & 0xffff_ffffn)) * ((seed[2 * i + 2] as U64) + (word >> 32n));
  });
  return u32(sum >> 32n);
};
