/** Embeds an address under a prefix and takes it out again. */
import { Action, embedded, fromIpv6, ipv4, ipv6, map, program, struct, toIpv6, u32, unembedded } from "zeta/bpf";

const wishes = map.array({ value: struct({ prefix: ipv6, of: ipv4, length: u32 }), max: 1 });
const results = map.array({ value: struct({ made: ipv6, back: ipv4 }), max: 1 });

export default program("embedding", () => {
  const wish = wishes.at(0);
  const result = results.at(0);
  if (wish === null || result === null) return Action.Aborted;
  const made = embedded(fromIpv6(wish.prefix), wish.of, wish.length);
  result.made = toIpv6(made);
  result.back = unembedded(made, wish.length);
  return Action.Pass;
});
