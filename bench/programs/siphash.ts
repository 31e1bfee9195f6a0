/** SipHash-2-4 by itself, over as many bytes as the tag of a short and of a long operation covers. */
import { Action, array, map, program, struct, type u64 as U64, u64 } from "zeta/bpf";
import { sipHash } from "../../bpf-lib/hash/siphash.ts";

const message = struct({ words: array(u64, 20), low: u64, high: u64, tag: u64 });
const messages = map.array({ value: message, max: 1 });

const SHORT = [0, 1, 2, 3, 4] as const;
const LONG = [...SHORT, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19] as const;

const hashing = (name: string, of: readonly (typeof LONG)[number][], last: U64) =>
  program(name, () => {
    const one = messages.at(0);
    if (one === null) return Action.Aborted;
    const words = of.map((at) => one.words[at] as U64);
    one.tag = sipHash(one.low, one.high, words, last);
    return Action.Transmit;
  });

export const sip_short = hashing("sip_short", SHORT, 40n << 56n);
export const sip_long = hashing("sip_long", LONG, 160n << 56n);
