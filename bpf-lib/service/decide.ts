/**
 * A service's decide program: the chain's decisions compose left to right into one, which goes back to the node by the call
 * record. It is asked for new flows, and under newer config whether an old decision still stands.
 */
import type { Packet } from "zeta";
import { Action, type Frame, type Of, u8 } from "zeta/bpf";
import { inside, type Outcome, OutcomeKind, serviceReason } from "../../sdk/middlebox/internal.ts";
import { Change } from "../flow/entry.ts";
import { flowOf, type Key, undecided } from "../flow/flow.ts";
import { Ask, type callRecord, From, zeta_node_call } from "../node/call.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { open, type Parts } from "../packet/open.ts";
import { describe } from "../packet/packet.ts";
import { commitBindings } from "../state/binding.ts";
import { countDrop } from "../state/counter.ts";
import { type ServiceParts, type Session, start } from "./parts.ts";

type Call = Of<typeof callRecord>;

/** Asks every middlebox in turn; each sees the flow as those before it left it. A drop or reject ends the asking. */
const decide = (session: Session, packet: Packet, key: Key): Outcome => {
  let decided = undecided(key);
  for (const box of session.boxes) {
    if (box.decide === null) continue;
    const flow = flowOf(packet, key.protocol, decided);
    decided = inside(box.decide(flow as never, box.own));
    if (decided.kind !== OutcomeKind.Pass) return decided;
  }
  if ((decided.change & Change.Pending) !== 0)
    return { ...decided, kind: OutcomeKind.Drop, reason: serviceReason("not completed") };
  return decided;
};

/** Whether every middlebox stands by what was decided, under the config of now. */
const holds = (session: Session, packet: Packet, key: Key, call: Call): boolean => {
  const decided = {
    source: { address: call.source, port: call.sourcePort },
    destination: { address: call.destination, port: call.destinationPort },
  };
  for (const box of session.boxes) {
    if (box.holds === null) continue;
    const flow = { ...flowOf(packet, key.protocol, undecided(key)), decided };
    if (!box.holds(flow as never, box.own)) return false;
  }
  return true;
};

const answer = (call: Call, outcome: Outcome): void => {
  call.kind = u8(outcome.kind);
  call.reason = outcome.reason;
  call.change = outcome.change;
  call.source = outcome.source;
  call.sourcePort = outcome.sourcePort;
  call.destination = outcome.destination;
  call.destinationPort = outcome.destinationPort;
  call.place = outcome.place;
  call.placeVni = outcome.vni;
};

const settled = (session: Session, parts: Parts, call: Call): Action => {
  const packet = describe(parts, From.Client, call.vni, { keyFields: false });
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const key = { source, destination, sourcePort, destinationPort, protocol };
  call.generation = session.generation;
  const stands = call.ask === Ask.Holds && holds(session, packet, key, call);
  call.holds = stands ? 1 : 0;
  if (!stands) {
    const outcome = decide(session, packet, key);
    answer(call, outcome);
    if (outcome.kind === OutcomeKind.Pass) commitBindings(session.boxes, outcome.binds);
    else countDrop(outcome.reason);
  }
  zeta_node_stages.call(Stage.Commit);
  return Action.Drop;
};

export const runDecide = (frame: Frame, service: ServiceParts): Action => {
  const session = start(service);
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  return open(
    frame,
    (parts) => settled(session, parts, call),
    () => Action.Drop,
  );
};
