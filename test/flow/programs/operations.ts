/** Table operations on request: each packet runs the one that stands in the map `request`, and leaves its answer there. */
import { Action, array, map, struct, u32, u64 } from "zeta/bpf";
import { spansNow } from "../../../bpf-lib/flow/time.ts";
import { type Key, openWays, type Shape, type Way } from "../../../bpf-lib/flow/ways.ts";

export const Operation = { Find: 1, Insert: 2, Remove: 3, Touch: 4, Home: 5 } as const;

/** `answer`: of an insertion its outcome, otherwise 1 for success. */
const request = map.array({
  value: struct({ operation: u32, idle: u32, key: array(u64, 5), value: u64, answer: u32, index: u32 }),
  max: 1,
});

interface Valued extends Way {
  value: u64;
}

export const answering = <W extends Valued>(shape: Shape<W>) => {
  const table = openWays(shape);
  return (): Action => {
    const asked = request.at(0);
    if (asked === null) return Action.Aborted;
    const key: Key = shape.words.map((i) => asked.key[i] as u64);
    if (asked.operation === Operation.Home) {
      asked.index = table.homeOf(key);
      return Action.Pass;
    }
    const now = spansNow();
    if (asked.operation === Operation.Insert) {
      const made = table.insert(key, now, asked.idle, (way) => {
        way.value = asked.value;
      });
      asked.answer = made.outcome;
      asked.index = made.index;
      if (made.way !== null) asked.value = made.way.value;
      return Action.Pass;
    }
    const found = table.find(key, now);
    if (found.way === null) {
      asked.answer = 0;
      return Action.Drop;
    }
    asked.index = found.index;
    asked.value = found.way.value;
    asked.answer = table.stands(found) ? 1 : 0;
    if (asked.operation === Operation.Touch) found.way.until = now + asked.idle;
    else if (asked.operation === Operation.Remove) asked.answer = table.remove(found.index, key) ? 1 : 0;
    return Action.Pass;
  };
};
