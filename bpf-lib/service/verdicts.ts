/** The verdicts and decisions that are more than a word: `answer`, `route`, `pending`. */

import type { Decision, Packet, Verdict } from "zeta";
import type { address, u16, u32 } from "zeta/bpf";
import {
  asDecision,
  asVerdict,
  inside,
  needsComplete,
  noteDelivery,
  type Outcome,
  OutcomeKind,
  serviceReason,
} from "../../sdk/middlebox/internal.ts";
import { Change } from "../flow/entry.ts";
import { type Key, undecided } from "../flow/flow.ts";
import { SACK_OFFERED } from "../packet/handshake.ts";
import { betweenHosts } from "../packet/hosts.ts";
import type { Described } from "../packet/packet.ts";
import { turnRound } from "../packet/turn.ts";

const NOBODY: Key = { source: 0n, destination: 0n, sourcePort: 0, destinationPort: 0, protocol: 0 };
const verdict = (parts: Partial<Outcome>): Verdict => asVerdict({ ...undecided(NOBODY), ...parts });

/** Reached by a routing header that leads on, a packet has another destination than the one that its checksum covers. */
export const answer = (packet: Packet, edit?: (reply: Packet) => void): Verdict => {
  const { parts, editable } = packet as Described;
  if (!betweenHosts(parts) || parts.segmentsLeft !== 0)
    return verdict({ kind: OutcomeKind.Drop, reason: serviceReason("cannot be answered") });
  turnRound(parts);
  if (edit !== undefined) edit(editable());
  return verdict({ kind: OutcomeKind.Answer });
};

export const route = (
  _packet: Packet,
  to: { readonly vni: u32; readonly address: address },
  how: { readonly ages: boolean } = { ages: true },
): Verdict => {
  noteDelivery();
  const change = how.ages ? 0 : Change.Deliver;
  return verdict({ kind: OutcomeKind.Route, change, place: to.address, vni: to.vni });
};

export const pending = (
  decision: Decision,
  how: { readonly note: u32; readonly mss: u16; readonly sack?: boolean },
): Decision => {
  needsComplete();
  const { note, mss, sack = false } = how;
  const decided = inside(decision);
  return asDecision({
    ...decided,
    change: decided.change | Change.Pending,
    note,
    offer: mss | (sack ? SACK_OFFERED : 0),
  });
};
