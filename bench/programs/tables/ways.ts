/** The same with bpf-lib's table. */
import { array, constant, type Layout, struct, u8, u32, u64 } from "zeta/bpf";
import { spansNow } from "../../../bpf-lib/flow/time.ts";
import { openWays, type Shape, type Way, wayFields } from "../../../bpf-lib/flow/ways.ts";
import type { Lookup } from "./flows.ts";

export const WAYS = 131_072;
/** The loader sets it to the number of ways less one. */
export const last = constant(u32, WAYS - 1);
/** How long a flow lives, in spans. */
export const idle = constant(u32, 0x03ff_ffff);

const fields = { kind: u8, decision: u32, generation: u32, packets: u64, bytes: u64 };
export const way4 = struct({ ...wayFields(2), ...fields, rest: array(u64, 2) });
export const way6 = struct({ ...wayFields(5), ...fields, rest: array(u64, 7) });

interface Counted extends Way {
  decision: u32;
  packets: u64;
  bytes: u64;
}

export const waysLookup = <W extends Counted>(
  way: Layout<W>,
  words: readonly number[],
  whenFull: Shape<W>["whenFull"],
): Lookup => {
  const table = openWays({ name: "flows", way, words, ways: WAYS, last, whenFull });
  return (key, length) => {
    const now = spansNow();
    const found = table.find(key, now);
    if (found.way !== null) {
      const { way } = found;
      const { decision } = way;
      if (!table.stands(found)) return null;
      way.until = now + idle.value;
      way.packets += 1n;
      way.bytes += length;
      return decision;
    }
    const made = table.insert(key, now, idle.value, (way) => {
      way.decision = 1;
      way.packets = 1n;
      way.bytes = length;
    });
    return made.way === null ? null : 1;
  };
};
