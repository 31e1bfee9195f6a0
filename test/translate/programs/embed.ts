/** Embeds an address under a prefix and takes it out again. */
import { Action, ipv4, ipv6, map, program, struct, u32 } from "zeta/bpf";
import { embed, extract } from "../../../bpf-lib/translate/embedding.ts";

const wishes = map.array({ value: struct({ prefix: ipv6, of: ipv4, length: u32 }), max: 1 });
const results = map.array({ value: struct({ made: ipv6, back: ipv4 }), max: 1 });

export default program("embedding", () => {
  const wish = wishes.at(0);
  const result = results.at(0);
  if (wish === null || result === null) return Action.Aborted;
  const made = embed(wish.prefix, wish.length, wish.of);
  result.made = made;
  result.back = extract(made, wish.length);
  return Action.Pass;
});
