/** Applying a remembered decision to a packet. */
import { type Action, type Of, u64 } from "zeta/bpf";
import { delivers } from "../../sdk/middlebox/internal.ts";
import { Change, type flowEntry } from "../flow/entry.ts";
import type { Parts } from "../packet/open.ts";
import { putEnds } from "../packet/rewrite.ts";
import { deliver } from "../route/deliver.ts";
import { forward } from "../route/next-hop.ts";

export const apply = (parts: Parts, entry: Of<typeof flowEntry>): Action => {
  entry.packets += 1n;
  entry.bytes += u64(parts.frame.length);
  if ((entry.change & (Change.Source | Change.Destination)) !== 0) putEnds(parts, entry);
  if (delivers() && (entry.change & Change.Deliver) !== 0) return deliver(parts, entry);
  return forward(parts, entry.hop);
};
