/** Keeping a flow alive: both directions live as long as one of them is used, and a TCP connection is followed to its end. */
import { type Of, Protocol, type tcpHeader, u8, type u32 } from "zeta/bpf";
import { type Parts, tcpOf } from "../packet/open.ts";
import { networkOf } from "../route/hop.ts";
import { turned } from "./ends.ts";
import { Change } from "./entry.ts";
import { keepMapping } from "./mapping.ts";
import { FlowState, idleOf, isShort } from "./state.ts";
import { type Entry, type Family, isReply } from "./table.ts";

/** Where a connection stands after a segment. A direct flow's replies are never seen: the client's own word counts. */
const next = (entry: Entry, tcp: Of<typeof tcpHeader>): u32 => {
  const { fin, rst, syn, ack } = tcp.control;
  if ((fin | rst) !== 0) return FlowState.Closing;
  const heard = (entry.change & (Change.Reply | Change.Direct)) !== 0;
  const opened =
    entry.state === FlowState.Opening && heard && ack === 1 && (syn === 0 || entry.change !== Change.Direct);
  return opened ? FlowState.Established : entry.state;
};

/** Writes state and life of both directions. */
const write = (parts: Parts, family: Family, entry: Entry, state: u32, until: u32, now: u32): void => {
  entry.state = u8(state);
  entry.until = until;
  if ((entry.change & Change.Direct) !== 0) return;
  const other = family.find(
    family.keyOfEnds(turned(family.endsOf(entry)), networkOf(entry.hop.slot), parts.protocol),
    now,
  );
  if (other.way === null || !family.stands(other)) return;
  other.way.state = u8(state);
  other.way.until = until;
  if (((entry.change | other.way.change) & Change.SourcePool) !== 0) {
    const out = isReply(entry) ? family.endsOf(other.way) : family.endsOf(entry);
    const back = isReply(entry) ? family.endsOf(entry) : family.endsOf(other.way);
    keepMapping(
      family,
      { address: back.destination, port: back.destinationPort },
      { address: out.source, port: out.sourcePort },
      networkOf(isReply(entry) ? entry.hop.slot : other.way.hop.slot),
      parts.protocol,
      until,
      now,
    );
  }
};

/** Whether a packet changes what stands of its flow's life: most write nothing. A segment that opens a connection always does. */
export const isDue = (parts: Parts, entry: Entry, now: u32): boolean => {
  const tcp = parts.protocol === Protocol.Tcp ? tcpOf(parts) : null;
  if (tcp !== null && (tcp.control.syn === 1 || next(entry, tcp) !== entry.state)) return true;
  return isShort(entry.until - now, idleOf(parts.protocol, entry.state));
};

/** Writes the life of the flow anew, after its packet. */
export const live = (parts: Parts, family: Family, entry: Entry, now: u32): void => {
  const tcp = parts.protocol === Protocol.Tcp ? tcpOf(parts) : null;
  const state = tcp === null ? entry.state : next(entry, tcp);
  write(parts, family, entry, state, now + idleOf(parts.protocol, u8(state)), now);
};
