/** Applying a remembered decision to a packet. */
import { Action, u64 } from "zeta/bpf";
import type { Call } from "../node/call.ts";
import { because, countNodeDrop } from "../node/drops.ts";
import { goOn, Stage } from "../node/stages.ts";
import { enterOther, OTHER } from "../node/waiting/enter.ts";
import type { Parts } from "../packet/open.ts";
import { putEnds } from "../packet/rewrite.ts";
import { isStopped, send } from "../route/send.ts";
import { Change } from "./entry.ts";
import type { Entry, Family } from "./table.ts";
import type { Found } from "./ways.ts";

/**
 * `found.way` is `entry`. What is put into the packet is copied first, and then only if it was one flow's all along.
 * @param done what its kind of flow asks for besides was done to the packet already
 */
export const apply = (
  parts: Parts,
  family: Family,
  found: Found<Entry>,
  entry: Entry,
  call: Call,
  done: boolean = false,
): Action => {
  const { source, destination } = family.wordsOf(entry);
  const { change, sourcePort, destinationPort, service } = entry;
  const { slot } = entry.hop;
  if (!family.stands(found)) {
    // Another CPU has just changed it: it is looked for again, as often as tail calls allow.
    goOn(parts, call, Stage.Forward);
    countNodeDrop(service, because.changed());
    return Action.Drop;
  }
  if (!done && (change & OTHER) !== 0) {
    enterOther(parts, family, found, entry, call);
    return Action.Drop;
  }
  // Asked before anything is changed: what its sender is told of quotes the packet as it was sent.
  if (isStopped(parts, entry, slot)) {
    call.hop = slot;
    goOn(parts, call, Stage.Obstacle);
    return Action.Drop;
  }
  entry.packets += 1n;
  entry.bytes += u64(parts.frame.length);
  if ((change & (Change.Source | Change.Destination)) !== 0) {
    putEnds(parts, {
      change,
      source: { address: source, port: sourcePort },
      destination: { address: destination, port: destinationPort },
    });
  }
  return send(parts, found, entry, slot, call);
};
