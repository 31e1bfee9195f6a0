/** SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012) over whole words of eight bytes, as bpf-lib/hash/siphash.ts has it. */
const MASK = (1n << 64n) - 1n;
const rotated = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK;

type State = readonly [bigint, bigint, bigint, bigint];

function round([a, b, c, d]: State): State {
  const ab = (a + b) & MASK;
  const cd = (c + d) & MASK;
  const b1 = rotated(b, 13n) ^ ab;
  const d1 = rotated(d, 16n) ^ cd;
  const ad = (rotated(ab, 32n) + d1) & MASK;
  const cb = (cd + b1) & MASK;
  return [ad, rotated(b1, 17n) ^ cb, rotated(cb, 32n), rotated(d1, 21n) ^ ad];
}

/** @param key 16 bytes. @param message a multiple of eight bytes, less than 256. */
export function sipHash(key: Uint8Array, message: Uint8Array): bigint {
  const [keys, bytes] = [Buffer.from(key), Buffer.from(message)];
  const [low, high] = [keys.readBigUInt64LE(0), keys.readBigUInt64LE(8)];
  let state: State = [
    low ^ 0x736f_6d65_7073_6575n,
    high ^ 0x646f_7261_6e64_6f6dn,
    low ^ 0x6c79_6765_6e65_7261n,
    high ^ 0x7465_6462_7974_6573n,
  ];
  const absorb = (word: bigint): void => {
    const [a, b, c, d] = round(round([state[0], state[1], state[2], state[3] ^ word]));
    state = [a ^ word, b, c, d];
  };
  for (let at = 0; at < bytes.length; at += 8) absorb(bytes.readBigUInt64LE(at));
  absorb(BigInt(bytes.length & 0xff) << 56n);
  let last: State = [state[0], state[1], state[2] ^ 0xffn, state[3]];
  for (let i = 0; i < 4; i++) last = round(last);
  return last[0] ^ last[1] ^ last[2] ^ last[3];
}
