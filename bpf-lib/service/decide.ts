/**
 * A service's decide program: the chain's decisions compose left to right into one, which goes back to the node by the call
 * record. It is asked for new flows, and under newer config whether an old decision still stands.
 */
import type { Packet } from "zeta";
import { Action, type address, type Frame, isIpv4, u8, type u16, type u32 } from "zeta/bpf";
import { inside, type Outcome, OutcomeKind, serviceReason } from "../../sdk/middlebox/internal.ts";
import { Change } from "../flow/entry.ts";
import { flowOf, type Key, pendingFlowOf, undecided } from "../flow/flow.ts";
import { hashAddress } from "../flow/hash.ts";
import { Ask, type Call, From, Holds, NO_BOX, Owned, zeta_node_call } from "../node/call.ts";
import { enterCommit, enterEntered, Stage, zeta_node_stages } from "../node/stages.ts";
import { canWait } from "../packet/handshake.ts";
import type { Parts } from "../packet/open.ts";
import { describe } from "../packet/packet.ts";
import { reopen } from "../packet/reopen.ts";
import { commitBindings } from "../state/binding.ts";
import { countDrop } from "../state/counter.ts";
import { noteDecided, noteUndecided } from "../trace/said.ts";
import { type Opened, type ServiceParts, type Session, start } from "./parts.ts";

/** Asks every middlebox in turn; each sees the flow as those before it left it. A drop or reject ends the asking. */
const decide = (session: Session, packet: Packet, key: Key, call: Call): Outcome => {
  let decided = undecided(key);
  if (session.tells) noteUndecided(decided);
  for (const box of session.boxes) {
    if (box.decide === null) continue;
    const flow = flowOf(packet, key.protocol, decided);
    decided = inside(box.decide(flow as never, box.own));
    if (decided.kind === OutcomeKind.Pass) {
      if (session.tells) noteDecided(box.index, decided);
      continue;
    }
    call.box = u8(box.index);
    return decided;
  }
  return decided;
};

/** Whether every middlebox stands by what was decided, under the config of now: of `Holds`, or which does not. */
const holds = (session: Session, packet: Packet, key: Key, call: Call): u8 => {
  const decided = {
    source: { address: call.source, port: call.sourcePort },
    destination: { address: call.destination, port: call.destinationPort },
  };
  for (const box of session.boxes) {
    if (box.holds === null) continue;
    const flow = { ...flowOf(packet, key.protocol, undecided(key)), decided };
    if (!box.holds(flow as never, box.own)) return u8(Holds.Denied + box.index);
  }
  return Holds.Yes;
};

/**
 * A packet has come from behind a service whose flow waits, and the middlebox that waits says what becomes of it. `call` tells
 * the ends that the client knows.
 */
const complete = (box: Opened, parts: Parts, call: Call): void => {
  if (box.complete === null) return;
  const { source, destination, sourcePort, destinationPort } = call;
  const key = { source, destination, sourcePort, destinationPort, protocol: parts.protocol };
  const reply = describe(parts, From.Service, call.vni, { keyFields: false });
  const decided = {
    source: { address: parts.destination, port: parts.destinationPort },
    destination: { address: parts.source, port: parts.sourcePort },
  };
  const flow = pendingFlowOf(key, { note: call.note, reply, decided });
  const { kind, reason, shift } = inside(box.complete(flow as never, box.own));
  call.kind = u8(kind);
  call.shift = shift;
  call.reason = reason;
  call.box = u8(box.index);
  if (kind === OutcomeKind.Drop || kind === OutcomeKind.Reject) countDrop(reason);
};

const isToWait = ({ kind, change }: Outcome): boolean => kind === OutcomeKind.Pass && (change & Change.Pending) !== 0;

/** A decision that waits, of a packet that no SYN can be made of, is none. */
const ifItCan = (parts: Parts, outcome: Outcome, call: Call): Outcome => {
  if (!isToWait(outcome) || canWait(parts)) return outcome;
  call.box = NO_BOX;
  return { ...outcome, kind: OutcomeKind.Drop, reason: serviceReason("no handshake") };
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
  call.note = outcome.note;
  call.offer = outcome.offer;
};

/**
 * Pools are named in a decision, and settled where it is committed; what may be given is read here, where the config is.
 * False when a pool has no address of the family.
 */
const readPools = (session: Session, call: Call, decided: Outcome, protocol: u8): boolean => {
  let there = true;
  for (const box of session.boxes) {
    for (const pool of box.own.pools) {
      if ((call.change & Change.DestinationPool) !== 0 && decided.destinationPool === pool.pool) {
        const inside = pool.inside(decided.destination, decided.destinationPort, protocol);
        if (inside !== null) {
          call.destination = inside.address;
          call.destinationPort = inside.port;
          call.change &= ~Change.DestinationPool;
        }
      }
      if ((call.change & Change.SourcePool) !== 0 && decided.sourcePool === pool.pool) {
        const external = pool.external(decided.source, decided.sourcePort, protocol);
        const range = pool.pick(hashAddress(decided.source), isIpv4(call.destination));
        if (external !== null) {
          call.source = external.address;
          call.sourcePort = external.port;
          call.change &= ~Change.SourcePool;
        } else if (range !== null) {
          call.source = range.address;
          call.poolFirst = range.first;
          call.poolLast = range.last;
          call.perDestination = pool.perDestination ? 1 : 0;
        } else {
          call.box = u8(box.index);
          there = false;
        }
      }
    }
  }
  return there;
};

const settled = (session: Session, parts: Parts, call: Call): Action => {
  const packet = describe(parts, From.Client, call.vni, { keyFields: false });
  const { source, destination, sourcePort, destinationPort, protocol } = parts;
  const key = { source, destination, sourcePort, destinationPort, protocol };
  call.fresh = 0;
  call.entered = 0;
  call.owned = Owned.Unasked;
  call.holds = call.ask === Ask.Holds ? stands(session, packet, key, call) : Holds.Unasked;
  const held = call.holds === Holds.Yes;
  if (!held) {
    const said = decide(session, packet, key, call);
    const outcome = session.waits ? ifItCan(parts, said, call) : said;
    if (session.waits && call.ask === Ask.Anew) {
      // No other connection: it goes on as the old one's, and its service has decided nothing.
      if (!isToWait(outcome)) {
        zeta_node_stages.call(Stage.Shift);
        return Action.Drop;
      }
      call.ask = Ask.Decide;
    }
    answer(call, outcome);
    if (outcome.kind === OutcomeKind.Pass) {
      call.binds = outcome.binds;
      if (!readPools(session, call, outcome, protocol)) {
        call.kind = OutcomeKind.Drop;
        call.reason = serviceReason("no port");
        countDrop(call.reason);
      }
    } else countDrop(outcome.reason);
  }
  const named = call.kind === OutcomeKind.Pass && (call.change & (Change.SourcePool | Change.DestinationPool)) !== 0;
  if (!held && named) zeta_node_stages.call(Stage.Pools);
  enterCommit(parts.type);
  return Action.Drop;
};

/**
 * Whether a pool has an external endpoint that a mapping was given under older config: of `Holds`, or whose pool it was. Which
 * pool of several gave it is not known.
 */
const owns = (session: Session, external: address, port: u16): u8 => {
  let answer: u32 = Holds.Yes;
  for (const box of session.boxes) {
    for (const pool of box.own.pools) {
      const ports = pool.portsOf(external);
      if (ports !== null && port >= ports.first && port <= ports.last) return Holds.Yes;
      answer = Holds.Denied + box.index;
    }
  }
  return u8(answer);
};

/** A mapping goes with its address: a flow that uses one is over when no pool has that any more, whatever its middleboxes say. */
const stands = (session: Session, packet: Packet, key: Key, call: Call): u8 => {
  const said = holds(session, packet, key, call);
  const mapped = (call.change & Change.SourcePool) !== 0;
  return said === Holds.Yes && mapped ? owns(session, call.source, call.sourcePort) : said;
};

/** The flow's entries stand: what its decision binds is written. */
const bind = (session: Session, call: Call): Action => {
  commitBindings(session.boxes, call.binds);
  call.binds = 0;
  enterEntered(call.packet.type);
  return Action.Drop;
};

/**
 * A flow has waited since before its service was upgraded to a version that has none wait: nobody can complete it. It ends, and
 * who answered is told; its client's next packet is decided anew. What might begin another connection does not.
 */
const letGo = (call: Call): Action => {
  if (call.ask === Ask.Complete) {
    call.kind = OutcomeKind.Reject;
    call.box = NO_BOX;
    zeta_node_stages.call(Stage.Complete);
  } else zeta_node_stages.call(Stage.Shift);
  return Action.Drop;
};

export const runDecide = (frame: Frame, service: ServiceParts): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const session = start(service, call.generation);
  if (service.binds && call.ask === Ask.Bind) return bind(session, call);
  if (service.pools && call.ask === Ask.Owns) {
    call.owned = owns(session, call.mapped, call.mappedPort) === Holds.Yes ? Owned.Yes : Owned.No;
    zeta_node_stages.call(Stage.Pools);
    return Action.Drop;
  }
  return reopen(
    frame,
    call.packet,
    (parts) => {
      if (!session.waits && call.ask >= Ask.Complete) return letGo(call);
      if (!session.waits || call.ask !== Ask.Complete) return settled(session, parts, call);
      call.kind = OutcomeKind.Wait;
      for (const box of session.boxes) complete(box, parts, call);
      zeta_node_stages.call(Stage.Complete);
      return Action.Drop;
    },
    () => Action.Drop,
  );
};
