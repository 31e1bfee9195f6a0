/** Keeping a flow alive: both directions live as long as one of them is used, and a TCP connection is followed to its end. */
import { type Of, Protocol, type tcpHeader, u8, type u32 } from "zeta/bpf";
import { type Parts, tcpOf } from "../packet/open.ts";
import { networkOf } from "../route/hop.ts";
import { otherOf } from "./commit.ts";
import { Change } from "./entry.ts";
import { keepMapping } from "./mapping.ts";
import { FlowState, idleOf, isShort } from "./state.ts";
import { type Entry, type Family, isReply } from "./table.ts";

/**
 * Where a connection stands after a segment. It takes three: a forged source that never acknowledges the server's SYN-ACK
 * leaves a flow that is soon over. A direct flow's replies are never seen: the client's own word counts.
 */
const next = (entry: Entry, tcp: Of<typeof tcpHeader>): u32 => {
  const { fin, rst, syn, ack } = tcp.control;
  const { state } = entry;
  if ((fin | rst) !== 0) return FlowState.Closing;
  if (ack === 0) return state;
  if (isReply(entry)) {
    if (state !== FlowState.Opening) return state;
    return syn === 1 ? FlowState.Answered : FlowState.Established;
  }
  const heard = state === FlowState.Answered || (state === FlowState.Opening && (entry.change & Change.Direct) !== 0);
  return heard ? FlowState.Established : state;
};

/** Writes state and life of both directions. Gives which pools' mappings are used, as bits of `Change`. */
const write = (entry: Entry, otherWay: () => Entry | null, state: u32, until: u32): u32 => {
  entry.state = u8(state);
  entry.until = until;
  const other = (entry.change & Change.Direct) === 0 ? otherWay() : null;
  if (other === null) return 0;
  other.state = u8(state);
  other.until = until;
  return (entry.change | other.change) & (Change.SourcePool | Change.DestinationPool);
};

/** Whether a packet changes what stands of its flow's life: most write nothing. A segment that opens a connection always does. */
export const isDue = (parts: Parts, entry: Entry, now: u32): boolean => {
  const tcp = parts.protocol === Protocol.Tcp ? tcpOf(parts) : null;
  if (tcp !== null && (tcp.control.syn === 1 || next(entry, tcp) !== entry.state)) return true;
  return isShort(entry.until - now, idleOf(parts.protocol, entry.state));
};

/**
 * Writes the life of the flow anew, after its packet; `other` gives its other direction. Gives which of its ends' mappings are
 * to be kept too: `SourcePool` that of its source, `DestinationPool` that by which its destination was found.
 */
export const liveOn = (parts: Parts, entry: Entry, other: () => Entry | null, now: u32): u32 => {
  const tcp = parts.protocol === Protocol.Tcp ? tcpOf(parts) : null;
  const state = tcp === null ? entry.state : next(entry, tcp);
  return write(entry, other, state, now + idleOf(parts.protocol, u8(state)));
};

/** The same for a flow of one family. */
export const live = (parts: Parts, family: Family, entry: Entry, now: u32): u32 =>
  liveOn(
    parts,
    entry,
    () => {
      const other = otherOf(parts, family, entry, now);
      return family.stands(other) ? other.way : null;
    },
    now,
  );

/** Keeps one of the mappings of a flow, whose life was just written: that of `end`, `SourcePool` or `DestinationPool`. */
export const keep = (parts: Parts, family: Family, entry: Entry, was: u32, end: u32, now: u32): void => {
  const other = otherOf(parts, family, entry, now).way;
  if (other === null) return;
  const forward = isReply(entry) ? family.endsOf(other) : family.endsOf(entry);
  const reverse = isReply(entry) ? family.endsOf(entry) : family.endsOf(other);
  const ofSource = end === Change.SourcePool;
  const inside = ofSource
    ? { address: reverse.destination, port: reverse.destinationPort }
    : { address: forward.destination, port: forward.destinationPort };
  const external = ofSource
    ? { address: forward.source, port: forward.sourcePort }
    : { address: reverse.source, port: reverse.sourcePort };
  // Packets to the inside host leave by this entry: those of replies, or the client's.
  const slot = isReply(entry) === ofSource ? entry.hop.slot : other.hop.slot;
  const use = { was, state: entry.state, until: entry.until };
  keepMapping(family, inside, external, networkOf(slot), parts.protocol, use, now);
};
