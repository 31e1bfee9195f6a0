/**
 * Packets of a flow that waits for one from behind the service (docs/decisions/0011-decisions-that-wait.md): its client's ACK
 * becomes the SYN, as often as it comes; what comes back, the service is asked about. And packets of a connection that is over,
 * which may begin another one.
 */
import { Action, type Of, program, type tcpHeader, type u32 } from "zeta/bpf";
import { turned } from "../../flow/ends.ts";
import { Change } from "../../flow/entry.ts";
import { type Beside, type Entry, type Family, isReply } from "../../flow/table.ts";
import { spansNow } from "../../flow/time.ts";
import { becomeSyn } from "../../packet/handshake.ts";
import { type Parts, tcpOf } from "../../packet/open.ts";
import { isStopped } from "../../route/send.ts";
import { Ask, type Call } from "../call.ts";
import { because } from "../drops.ts";
import { askFor } from "../follow.ts";
import { lookAgain, refused, withPacketOfFamily } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";

type Tcp = Of<typeof tcpHeader>;

/** The most that a client could have sent: nobody has agreed on a larger window. */
const WINDOW = 65_535;

/** How far a packet of the client is ahead of its ACK: 0 for a probe of the window, which is shut as yet; 1 for the ACK itself. */
const aheadOf = (tcp: Tcp, { note }: Beside): u32 => tcp.sequence - note + 1;
const isAck = ({ control }: Tcp): boolean => control.ack === 1 && (control.syn | control.rst) === 0;

/** Whether a packet of the flow can go no further from here. */
type Stops = (parts: Parts, entry: Entry, slot: u32) => boolean;

const fromClient = (parts: Parts, tcp: Tcp, entry: Entry, beside: Beside, call: Call, stops: Stops): Action => {
  const { note, shift: offer } = beside;
  if (!isAck(tcp)) return refused(call, because.waiting());
  const ahead = aheadOf(tcp, beside);
  if (ahead > WINDOW + 1) return askFor(parts, call, Ask.Anew, entry.service, 1);
  const { slot } = entry.hop;
  if (ahead > 1) return refused(call, because.waiting());
  if (stops(parts, entry, slot)) {
    call.hop = slot;
    zeta_node_stages.call(Stage.Obstacle);
  } else if (becomeSyn(parts, note - 1, offer)) zeta_node_stages.call(Stage.Leave);
  return refused(call, because.noRoom());
};

/** A connection that is over: what comes back is its own, and what begins with its own number. */
const afterEnd = (parts: Parts, tcp: Tcp, entry: Entry, beside: Beside, call: Call): Action => {
  if (!isReply(entry) && isAck(tcp) && aheadOf(tcp, beside) > 1) return askFor(parts, call, Ask.Anew, entry.service, 1);
  zeta_node_stages.call(Stage.Shift);
  return Action.Drop;
};

const fromService = (parts: Parts, family: Family, entry: Entry, { note }: Beside, call: Call): Action => {
  const client = turned(family.endsOf(entry));
  call.note = note;
  call.source = client.source;
  call.destination = client.destination;
  call.sourcePort = client.sourcePort;
  call.destinationPort = client.destinationPort;
  return askFor(parts, call, Ask.Complete, entry.service, 1);
};

export const waitBy = (stops: Stops) =>
  withPacketOfFamily((parts, family, call) => {
    const found = family.find(family.keyOf(parts, call.vni), spansNow());
    const entry = found.way;
    if (entry === null) return lookAgain(call);
    const beside = family.beside(entry, found.index);
    const tcp = tcpOf(parts);
    if (beside === null || tcp === null) return refused(call, because.waiting());
    if ((entry.change & Change.Pending) === 0) return afterEnd(parts, tcp, entry, beside, call);
    return isReply(entry)
      ? fromService(parts, family, entry, beside, call)
      : fromClient(parts, tcp, entry, beside, call, stops);
  });

export const zeta_wait = program("zeta_wait", waitBy(isStopped), {
  slot: { table: zeta_node_stages, index: Stage.Wait },
});
