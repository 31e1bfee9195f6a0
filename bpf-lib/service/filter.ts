/**
 * A service's filter program: all filters of the chain, one after the other. Entered from the node's root. Where each has a
 * program of its own, they follow each other by tail call.
 */
import { Action, address, type Frame, map, u8, type u32 } from "zeta/bpf";
import { inside, type Outcome, OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { type Call, From, zeta_node_call } from "../node/call.ts";
import { sendBack } from "../node/reach.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import type { Parts } from "../packet/open.ts";
import { describe } from "../packet/packet.ts";
import { reopen } from "../packet/reopen.ts";
import { countDrop } from "../state/counter.ts";
import { type Link, type ServiceParts, type Session, start } from "./parts.ts";

/** `kind` is of `OutcomeKind`; `box`: which middlebox said it; the rest as it is there. */
type Said = Pick<Outcome, "kind" | "reason" | "change" | "place" | "vni"> & { readonly box: u32 };
const PASS: Said = { kind: OutcomeKind.Pass, box: 0, reason: 0, change: 0, place: address(0n), vni: 0 };

/** Who sent a packet, and what filters see beside it. */
interface Sender {
  /** Of `From`. */
  readonly from: u32;
  readonly vni: u32;
  /** Not 0 when its flow stands. */
  readonly stands: u32;
}

/** What the first filter that does not let the packet pass says of it. */
export const filtered = (session: Session, parts: Parts, sender: Sender): Said => {
  const packet = describe(parts, sender.from, sender.vni, { keyFields: false }, sender.stands);
  for (const box of session.boxes) {
    if (box.filter === null) continue;
    if (!box.both && sender.from === From.Service) continue;
    const { kind, reason, change, place, vni } = inside(box.filter(packet, box.own));
    if (kind !== OutcomeKind.Pass) return { kind, box: box.index, reason, change, place, vni };
  }
  return PASS;
};

/** For whoever wants to know what became of the packet, and why. */
export const remember = (call: Call, { kind, box, reason }: Said): void => {
  call.kind = u8(kind);
  call.box = u8(box);
  call.reason = reason;
};

/** A service's filters, where each is a program. */
const zeta_chain = map.programs({ name: "zeta_chain", max: 64 });

/**
 * Does as the filters say with a packet from `source` in network `vni`. `leaving` sees to it that the record says what other
 * programs need, and runs what enters one of them.
 */
export const obey = (
  said: Said,
  service: ServiceParts,
  link: Link,
  source: address,
  vni: u32,
  leaving: (go: (call: Call) => Action) => Action,
): Action => {
  const enter = (stage: u32): Action =>
    leaving(() => {
      zeta_node_stages.call(stage);
      return Action.Drop;
    });
  const { kind, reason, change, place } = said;
  const { next } = link;
  if (kind === OutcomeKind.Pass) {
    if (next !== null)
      return leaving(() => {
        zeta_chain.call(next);
        return Action.Drop;
      });
    if (service.decides) return enter(Stage.Forward);
    return vni === 0 ? Action.Pass : enter(Stage.Unclaimed);
  }
  if (kind === OutcomeKind.Answer) return leaving((call) => sendBack(call, source));
  if (kind === OutcomeKind.Route)
    return leaving((call) => {
      call.change = change;
      call.place = place;
      call.placeVni = said.vni;
      zeta_node_stages.call(Stage.Carry);
      return Action.Drop;
    });
  countDrop(reason);
  return kind === OutcomeKind.Reject ? enter(Stage.Refuse) : Action.Drop;
};

export const runFilters = (frame: Frame, service: ServiceParts, link: Link): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const session = start(service, call.generation);
  return reopen(
    frame,
    call.packet,
    (parts) => {
      const { source } = parts;
      const { from, vni, stands } = call;
      const said = filtered(session, parts, { from, vni, stands });
      if (said.kind !== OutcomeKind.Pass) remember(call, said);
      // The record says all already: whoever entered this has seen to it.
      return obey(said, service, link, source, vni, (go) => go(call));
    },
    () => Action.Drop,
  );
};
