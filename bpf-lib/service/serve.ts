/**
 * A service's root program: parse once, filter, find or make the flow's decision, apply it. Traffic that is not the
 * service's goes to the host's own stack untouched.
 */
import { Action, type Frame, type Of, type u32 } from "zeta/bpf";
import { configGeneration, inside, OutcomeKind, openOwn, seenAs, serviceReason } from "../../sdk/middlebox/internal.ts";
import { Change, endpointValues, type flowEntry } from "../flow/entry.ts";
import { type FlowTable, keyOf, openFlows } from "../flow/table.ts";
import { open, type Parts, tcpOf } from "../packet/open.ts";
import { describe } from "../packet/packet.ts";
import { commitBindings } from "../state/binding.ts";
import { countOpened } from "../state/opened.ts";
import { apply } from "./apply.ts";
import { decide, forwardEntry, holds, reverseEntry } from "./decide.ts";
import { isListener } from "./listen.ts";
import type { Own, ServiceParts, Session } from "./parts.ts";
import { refuse } from "./reject.ts";

const CLIENT = 0;
const SERVICE = 1;

type Entry = Of<typeof flowEntry>;

/** What becomes of a packet: it follows an entry, or else it is passed on, dropped or rejected. */
interface Way {
  readonly entry: Entry | null;
  /** Of `OutcomeKind`, where there is no entry. */
  readonly kind: u32;
  readonly reason: u32;
}

const along = (entry: Entry | null): Way => ({ entry, kind: OutcomeKind.Drop, reason: serviceReason("table full") });
const elsewhere = (kind: u32, reason: u32): Way => ({ entry: null, kind, reason });

/** What the first filter that lets the packet not pass says of it; null when all do. */
const filtered = (session: Session, parts: Parts, from: u32): Way | null => {
  const packet = describe(parts, from, { keyFields: false });
  for (const box of session.boxes) {
    if (box.filter === null || (from === SERVICE && !box.both)) continue;
    const verdict = inside(box.filter(packet, box.own));
    if (verdict.kind !== OutcomeKind.Pass) return elsewhere(verdict.kind, verdict.reason);
  }
  return null;
};

const endOf = (words: Entry["source"]) => seenAs(words, endpointValues);

/** The entry of a client's packet: remembered and still standing, or decided now. */
const clientWay = (session: Session, parts: Parts, known: Entry | null, flows: FlowTable): Way => {
  const tcp = tcpOf(parts);
  const opens = tcp !== null && tcp.control.syn === 1 && tcp.control.ack === 0;
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const key = { source, destination, sourcePort, destinationPort, protocol };
  const flowKey = keyOf(source, destination, sourcePort, destinationPort, protocol);
  const packet = describe(parts, CLIENT, { keyFields: false });
  if (known !== null) {
    const decided = { source: endOf(known.source), destination: endOf(known.destination) };
    const current = known.generation === session.generation;
    // A connection that opens under newer config is decided under it; one that runs keeps what every middlebox holds to.
    if (current || (!opens && holds(session, packet, key, decided))) {
      if (!current) known.generation = session.generation;
      if (opens) countOpened(known.destination);
      return along(known);
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
  if (decided.kind !== OutcomeKind.Pass) return elsewhere(decided.kind, decided.reason);
  flows.set(flowKey, forwardEntry(decided, session.generation));
  if ((decided.change & Change.Direct) === 0) {
    flows.set(
      keyOf(decided.destination, decided.source, decided.destinationPort, decided.sourcePort, protocol),
      reverseEntry(key, decided, session.generation),
    );
  }
  commitBindings(session.boxes, decided.binds);
  const entry = flows.get(flowKey);
  if (entry !== null) countOpened(entry.destination);
  return along(entry);
};

/** Opens every middlebox once, so that a packet sees one generation of the config only. */
const start = (service: ServiceParts): Session => {
  const generation = configGeneration();
  return { generation, boxes: service.boxes.map((box) => ({ ...box, own: openOwn(box, generation & 1) as Own })) };
};

/** Finds the way of a packet that the service may have to do with. */
const wayOf = (session: Session, service: ServiceParts, parts: Parts): Way => {
  const listens = () => service.listensToAll || isListener(parts.destination, parts.destinationPort, parts.protocol);
  if (!service.decides) return (listens() ? filtered(session, parts, CLIENT) : null) ?? elsewhere(OutcomeKind.Pass, 0);
  const flows = openFlows(service.flows);
  const known = flows.get(
    keyOf(parts.source, parts.destination, parts.sourcePort, parts.destinationPort, parts.protocol),
  );
  if (known === null && !listens()) return elsewhere(OutcomeKind.Pass, 0);
  const from: u32 = known !== null && (known.change & Change.Reply) !== 0 ? SERVICE : CLIENT;
  const refused = filtered(session, parts, from);
  if (refused !== null) return refused;
  return from === SERVICE ? along(known) : clientWay(session, parts, known, flows);
};

export const serve = (frame: Frame, service: ServiceParts): Action => {
  const session = start(service);
  return open(
    frame,
    (parts) => {
      const way = wayOf(session, service, parts);
      if (way.entry !== null) return apply(parts, way.entry);
      if (way.kind === OutcomeKind.Answer) return Action.Transmit;
      return way.kind === OutcomeKind.Pass ? Action.Pass : refuse(parts, way.kind, way.reason);
    },
    () => Action.Pass,
  );
};
