/** Applying a remembered decision to a packet. */
import { type Action, u64 } from "zeta/bpf";
import type { Parts } from "../packet/open.ts";
import { putEnds } from "../packet/rewrite.ts";
import { send } from "../route/send.ts";
import { Change } from "./entry.ts";
import type { Entry, Family } from "./table.ts";

export const apply = (parts: Parts, family: Family, entry: Entry): Action => {
  entry.packets += 1n;
  entry.bytes += u64(parts.frame.length);
  if ((entry.change & (Change.Source | Change.Destination)) !== 0) {
    const { source, destination } = family.wordsOf(entry);
    putEnds(parts, {
      change: entry.change,
      source: { address: source, port: entry.sourcePort },
      destination: { address: destination, port: entry.destinationPort },
    });
  }
  return send(parts, entry);
};
