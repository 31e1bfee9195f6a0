/** Event streams: a ring buffer each, and a counter of what found no room. */

import type { Events } from "zeta";
import { type Layout, map, type u32 } from "zeta/bpf";
import { zeta_counters } from "./counter.ts";

export const openEvents = <V>(name: string, of: Layout<V>, bytes: number, lost: u32): Events<V> => {
  const records = map.ringBuffer({ name, max: bytes });
  return {
    send(event) {
      const sent = records.output(of, event);
      if (!sent) {
        const share = zeta_counters.at(lost);
        if (share !== null) share.count += 1n;
      }
      return sent;
    },
  };
};
