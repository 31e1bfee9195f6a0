/**
 * A service's filter program: all filters of the chain, one after the other. Entered from the node's root. Where each has a
 * program of its own, they follow each other by tail call.
 */
import { Action, address, type Frame, map, u8 } from "zeta/bpf";
import { inside, type Outcome, OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { type Call, From, zeta_node_call } from "../node/call.ts";
import { sendBack } from "../node/reach.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import type { Parts } from "../packet/open.ts";
import { describe } from "../packet/packet.ts";
import { reopen } from "../packet/reopen.ts";
import { countDrop } from "../state/counter.ts";
import { type Link, type ServiceParts, type Session, start } from "./parts.ts";

/** `kind` is of `OutcomeKind`; the rest as it is there. */
type Said = Pick<Outcome, "kind" | "reason" | "change" | "place" | "vni">;
const PASS: Said = { kind: OutcomeKind.Pass, reason: 0, change: 0, place: address(0n), vni: 0 };

/** What the first filter that does not let the packet pass says of it. */
const filtered = (session: Session, parts: Parts, call: Call): Said => {
  const packet = describe(parts, call.from, call.vni, { keyFields: false }, call.stands);
  for (const box of session.boxes) {
    if (box.filter === null) continue;
    if (!box.both && call.from === From.Service) continue;
    const { kind, reason, change, place, vni } = inside(box.filter(packet, box.own));
    if (kind === OutcomeKind.Pass) continue;
    // For whoever wants to know what became of the packet.
    call.kind = u8(kind);
    call.box = u8(box.index);
    return { kind, reason, change, place, vni };
  }
  return PASS;
};

/** A service's filters, where each is a program. */
const zeta_chain = map.programs({ name: "zeta_chain", max: 64 });

export const runFilters = (frame: Frame, service: ServiceParts, link: Link): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const session = start(service, call.generation);
  return reopen(
    frame,
    call.packet,
    (parts) => {
      const { source } = parts;
      const { kind, reason, change, place, vni } = filtered(session, parts, call);
      if (kind === OutcomeKind.Pass && link.next !== null) {
        zeta_chain.call(link.next);
        return Action.Drop;
      }
      if (kind === OutcomeKind.Pass) {
        if (!service.decides) {
          if (call.vni === 0) return Action.Pass;
          zeta_node_stages.call(Stage.Unclaimed);
          return Action.Drop;
        }
        zeta_node_stages.call(Stage.Forward);
        return Action.Drop;
      }
      if (kind === OutcomeKind.Answer) return sendBack(call, source);
      if (kind === OutcomeKind.Route) {
        call.change = change;
        call.place = place;
        call.placeVni = vni;
        zeta_node_stages.call(Stage.Carry);
        return Action.Drop;
      }
      call.reason = reason;
      countDrop(reason);
      if (kind === OutcomeKind.Reject) zeta_node_stages.call(Stage.Refuse);
      return Action.Drop;
    },
    () => Action.Drop,
  );
};
