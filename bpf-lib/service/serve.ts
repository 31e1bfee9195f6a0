/**
 * A service's root program: parse once, filter, find or make the flow's decision, apply it. Traffic that is not the
 * service's goes to the host's own stack untouched.
 */
import {
  Action,
  type address,
  type Frame,
  type Of,
  swapBytes,
  address as toAddress,
  type u16,
  type u32,
  u64,
} from "zeta/bpf";
import { configGeneration, inside, OutcomeKind, openOwn } from "../../sdk/middlebox/internal.ts";
import type { flowEntry } from "../flow/entry.ts";
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

const wordsToAddress = (words: Of<typeof flowEntry>["source"]): address =>
  (toAddress(u64(swapBytes.u32(words.address[0]))) << 96n) |
  (toAddress(u64(swapBytes.u32(words.address[1]))) << 64n) |
  (toAddress(u64(swapBytes.u32(words.address[2]))) << 32n) |
  toAddress(u64(swapBytes.u32(words.address[3])));

const endOf = (words: Of<typeof flowEntry>["source"]): { address: address; port: u16 } => ({
  address: wordsToAddress(words),
  port: swapBytes.u16(words.port),
});

/** The entry of a client's packet: remembered and still standing, or decided now. */
const clientWay = (session: Session, parts: Parts, forwards: FlowTable, reverses: FlowTable): Way => {
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const key = { source, destination, sourcePort, destinationPort, protocol };
  const flowKey = keyOf(source, destination, sourcePort, destinationPort, protocol);
  const packet = describe(parts, CLIENT, { keyFields: false });
  const known = forwards.get(flowKey);
  if (known !== null) {
    if (known.generation === session.generation) return { entry: known, action: Action.Pass };
    if (holds(session, packet, key, { source: endOf(known.source), destination: endOf(known.destination) })) {
      known.generation = session.generation;
      return { entry: known, action: Action.Pass };
    }
  }
  const decided = decide(session, packet, key);
  if (decided.kind !== OutcomeKind.Pass) return { entry: null, action: refuse(parts, decided) };
  forwards.set(flowKey, forwardEntry(decided, session.generation));
  reverses.set(
    keyOf(decided.destination, decided.source, decided.destinationPort, decided.sourcePort, protocol),
    reverseEntry(key, decided, session.generation),
  );
  return { entry: forwards.get(flowKey), action: Action.Drop };
};

/** Opens every middlebox once, so that a packet sees one generation of the config only. */
const start = (service: ServiceParts): Session => {
  const generation = configGeneration();
  return { generation, boxes: service.boxes.map((box) => ({ ...box, own: openOwn(box, generation & 1) })) };
};

/** Finds the way of a packet that the service may have to do with. */
const wayOf = (session: Session, service: ServiceParts, parts: Parts): Way => {
  const ours = service.listensToAll || isListener(parts.destination, parts.destinationPort, parts.protocol);
  if (ours) {
    const refused = filtered(session, parts, CLIENT);
    if (refused !== null) return { entry: null, action: refused };
  }
  if (!service.decides) return { entry: null, action: Action.Pass };
  const forwards = openFlows("zeta_forward", service.flows);
  const reverses = openFlows("zeta_reverse", service.flows);
  if (ours) return clientWay(session, parts, forwards, reverses);
  const reply = reverses.get(
    keyOf(parts.source, parts.destination, parts.sourcePort, parts.destinationPort, parts.protocol),
  );
  if (reply === null) return { entry: null, action: Action.Pass };
  const refused = filtered(session, parts, SERVICE);
  return refused === null ? { entry: reply, action: Action.Pass } : { entry: null, action: refused };
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
