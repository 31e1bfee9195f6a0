/**
 * A service's root program: parse once, filter, find or make the flow's decision, apply it. Traffic that is not the
 * service's goes to the host's own stack untouched.
 */
import { Action, type Frame, type Of, type u32 } from "zeta/bpf";
import { configGeneration, inside, OutcomeKind, openOwn, seenAs } from "../../sdk/middlebox/internal.ts";
import { Change, endpointValues, type flowEntry } from "../flow/entry.ts";
import { type FlowTable, keyOf, openFlows } from "../flow/table.ts";
import { open, type Parts } from "../packet/open.ts";
import { describe } from "../packet/packet.ts";
import { apply } from "./apply.ts";
import { decide, forwardEntry, holds, reverseEntry } from "./decide.ts";
import { isListener } from "./listen.ts";
import type { ServiceParts, Session } from "./parts.ts";
import { refuse } from "./reject.ts";

const CLIENT = 0;
const SERVICE = 1;

type Entry = Of<typeof flowEntry>;

/** What becomes of a packet: it follows an entry, or else an action is taken at once. */
interface Way {
  readonly entry: Entry | null;
  readonly action: Action;
}

/** The action that a filter asks for; null when all let the packet pass. */
const filtered = (session: Session, parts: Parts, from: u32): Action | null => {
  const packet = describe(parts, from, { keyFields: false });
  for (const box of session.boxes) {
    if (box.filter === null || (from === SERVICE && !box.both)) continue;
    const verdict = inside(box.filter(packet, box.own));
    if (verdict.kind !== OutcomeKind.Pass) return refuse(parts, verdict);
  }
  return null;
};

const endOf = (words: Entry["source"]) => seenAs(words, endpointValues);

/** The entry of a client's packet: remembered and still standing, or decided now. */
const clientWay = (session: Session, parts: Parts, known: Entry | null, flows: FlowTable): Way => {
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const key = { source, destination, sourcePort, destinationPort, protocol };
  const flowKey = keyOf(source, destination, sourcePort, destinationPort, protocol);
  const packet = describe(parts, CLIENT, { keyFields: false });
  if (known !== null) {
    if (known.generation === session.generation) return { entry: known, action: Action.Pass };
    const decided = { source: endOf(known.source), destination: endOf(known.destination) };
    if (holds(session, packet, key, decided)) {
      known.generation = session.generation;
      return { entry: known, action: Action.Pass };
    }
    flows.delete(
      keyOf(
        decided.destination.address,
        decided.source.address,
        decided.destination.port,
        decided.source.port,
        protocol,
      ),
    );
    flows.delete(flowKey);
  }
  const decided = decide(session, packet, key);
  if (decided.kind !== OutcomeKind.Pass) return { entry: null, action: refuse(parts, decided) };
  flows.set(flowKey, forwardEntry(decided, session.generation));
  flows.set(
    keyOf(decided.destination, decided.source, decided.destinationPort, decided.sourcePort, protocol),
    reverseEntry(key, decided, session.generation),
  );
  return { entry: flows.get(flowKey), action: Action.Drop };
};

/** Opens every middlebox once, so that a packet sees one generation of the config only. */
const start = (service: ServiceParts): Session => {
  const generation = configGeneration();
  return { generation, boxes: service.boxes.map((box) => ({ ...box, own: openOwn(box, generation & 1) })) };
};

/** Finds the way of a packet that the service may have to do with. */
const wayOf = (session: Session, service: ServiceParts, parts: Parts): Way => {
  const listens = () => service.listensToAll || isListener(parts.destination, parts.destinationPort, parts.protocol);
  if (!service.decides) {
    const refused = listens() ? filtered(session, parts, CLIENT) : null;
    return { entry: null, action: refused ?? Action.Pass };
  }
  const flows = openFlows(service.flows);
  const known = flows.get(
    keyOf(parts.source, parts.destination, parts.sourcePort, parts.destinationPort, parts.protocol),
  );
  if (known === null && !listens()) return { entry: null, action: Action.Pass };
  const from: u32 = known !== null && (known.change & Change.Reply) !== 0 ? SERVICE : CLIENT;
  const refused = filtered(session, parts, from);
  if (refused !== null) return { entry: null, action: refused };
  return from === SERVICE ? { entry: known, action: Action.Pass } : clientWay(session, parts, known, flows);
};

export const serve = (frame: Frame, service: ServiceParts): Action => {
  const session = start(service);
  return open(
    frame,
    (parts) => {
      const way = wayOf(session, service, parts);
      return way.entry === null ? way.action : apply(parts, way.entry);
    },
    () => Action.Pass,
  );
};
