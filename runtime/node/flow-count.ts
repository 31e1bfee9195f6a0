/** Counts the flows that stand, by network, in sweeps. */
import { lives, MAPPINGS, REPLY } from "./flow-ways.ts";
import type { CountUser } from "./quotas.ts";
import type { Slice, SweepUser } from "./sweeper.ts";

/** Adds those of a slice: flows, each by the direction that its client sends, and no mappings of ports. */
function countSlice({ table, words, from, to, now }: Slice, counts: Map<number, number>): void {
  const { until, ports, change, changeShift } = table;
  // Neighbours are of one network as a rule, or of few.
  let network = -1;
  let count = 0;
  const add = (): void => {
    if (count > 0) counts.set(network, (counts.get(network) ?? 0) + count);
  };
  for (let at = from * table.words, end = to * table.words; at < end; at += table.words) {
    if (!lives(words[at + until] as number, now)) continue;
    if ((((words[at + change] as number) >>> changeShift) & REPLY) !== 0) continue;
    const named = words[at + ports + 1] as number;
    if ((named & 0xff) >= MAPPINGS && words[at + ports] !== 0) continue;
    const vni = named >>> 8;
    if (vni !== network) {
      add();
      [network, count] = [vni, 0];
    }
    count += 1;
  }
  add();
}

export function flowCount(user: CountUser, wants: () => boolean): SweepUser {
  let began = 0;
  let counts = new Map<number, number>();
  return {
    wants,
    begin(now) {
      counts = new Map();
      began = now;
      user.begin();
    },
    look: (slice) => countSlice(slice, counts),
    end: () => user.end(counts, began),
  };
}
