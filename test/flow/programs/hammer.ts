/**
 * Adds, finds, touches and removes at random, with as few keys as make CPUs meet. All words of a flow's value say the same
 * of its key, so that a mixture of two flows, or of two lives of one, shows.
 */
import { Action, array, constant, map, program, random, struct, u8, u32, u64 } from "zeta/bpf";
import { spansNow } from "../../../bpf-lib/flow/time.ts";
import { Insertion, openWays, wayFields } from "../../../bpf-lib/flow/ways.ts";

const way = struct({ ...wayFields(2), spare: u8, value: array(u64, 5) });
const last = constant(u32, 255);
const keys = constant(u32, 300);
const table = openWays({ name: "flows", way, words: [0, 1], ways: 256, last, whenFull: "refuse" });

/** `foreign`: a value that is not this key's. `torn`: of two lives. Both are looked at only where the way `stands`. */
const counts = map.perCpuArray({
  value: struct({
    inserted: u64,
    there: u64,
    full: u64,
    busy: u64,
    removed: u64,
    found: u64,
    fallen: u64,
    foreign: u64,
    torn: u64,
  }),
  max: 1,
});

const SPREAD = 0x9e37_79b9_7f4a_7c15n;

export default program("hammer", () => {
  const count = counts.at(0);
  if (count === null) return Action.Aborted;
  const chosen = random();
  const number = u64((((chosen >> 8) * 0x9e37) >> 4) % keys.value) + 1n;
  const key = [number, number * SPREAD];
  const now = spansNow();
  const found = table.find(key, now);
  if (found.way === null) {
    const life = u64(random());
    const made = table.insert(key, now, 1000 + (chosen & 1), (way) => {
      way.value[0] = number;
      way.value[1] = life;
      way.value[2] = life ^ number;
      way.value[3] = life;
      way.value[4] = life * number;
    });
    if (made.outcome === Insertion.Inserted) count.inserted += 1n;
    else if (made.outcome === Insertion.There) count.there += 1n;
    else if (made.outcome === Insertion.Busy) count.busy += 1n;
    else count.full += 1n;
    return Action.Pass;
  }
  const { value } = found.way;
  const [a, b] = [value[0], value[1]];
  // Long enough for others to come between.
  for (let i = 0; i < 40; i++) random();
  const [c, d, e] = [value[2], value[3], value[4]];
  if (!table.stands(found)) {
    count.fallen += 1n;
    return Action.Pass;
  }
  count.found += 1n;
  if (a !== number) count.foreign += 1n;
  if (c !== (b ^ number) || d !== b || e !== b * number) count.torn += 1n;
  if ((chosen & 7) < 5) {
    if (table.remove(found.index, key)) count.removed += 1n;
  } else found.way.until = now + 1000;
  return Action.Pass;
});
