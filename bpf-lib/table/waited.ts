/**
 * Flows that wait for a packet from behind their service, and those that have waited (docs/decisions/0011-decisions-that-wait.md), as
 * they go along a chain. Only a chain's head knows for sure what becomes of their packets, so nobody else answers for one
 * that waits, and no forwarder follows it: each packet asks. With an entry that waits goes the SYN which the head has made.
 */
import { barrier, struct, swapBytes, u32 as toU32, type u32 as U32, u16, u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import type { Entry, Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import type { Found } from "../flow/ways.ts";
import { SACK_OFFERED } from "../packet/handshake.ts";
import { type Parts, tcpOf } from "../packet/open.ts";
import { backOf } from "./ended.ts";
import { clientOf, WAITS } from "./entry.ts";
import type { EntryRecord } from "./operation.ts";

/** A TCP header with the options that a waiting flow's SYN has: its MSS, and whether it permits selective acknowledgements. */
const TCP = 20;
const WITH_SACK = 28;
const MSS_MASK = 0xffff;
const optionWord = struct({ value: u32 });

/** What the SYN in hand offers, as its head has made it. */
const offerOf = (parts: Parts): U32 => {
  const tcp = tcpOf(parts);
  const mss = parts.frame.cursor(parts.transportAt + TCP).peek(optionWord);
  if (tcp === null || mss === null) return 0;
  return (swapBytes.u32(mss.value) & MSS_MASK) | (tcp.control.words * 4 === WITH_SACK ? SACK_OFFERED : 0);
};

/** What a client's flow waits with. */
export interface Begun {
  /** Of its ACK. */
  readonly number: U32;
  readonly offer: U32;
  /** What its middlebox keeps in mind. */
  readonly note: U32;
}

const become = (way: Entry, kind: number): void => {
  way.change = u16((way.change & ~WAITS) | kind);
};

/** Both directions wait from now on. */
export const waitWith = (
  family: Family,
  client: Found<Entry>,
  back: Found<Entry>,
  { number, offer, note }: Begun,
): void => {
  if (client.way === null || back.way === null) return;
  const own = family.beside(client.way, client.index);
  const replies = family.beside(back.way, back.index);
  if (own === null || replies === null) return;
  own.note = number;
  own.shift = offer;
  replies.note = note;
  become(client.way, Change.Pending);
  become(back.way, Change.Pending);
};

/** Takes over what the entry in hand says, for entries that stand here. */
export const takeWaiting = (parts: Parts, family: Family, entry: EntryRecord): void => {
  const now = spansNow();
  const { change, note, protocol } = entry;
  const client = family.find(family.keyOfEnds(clientOf(entry), entry.vni, protocol), now);
  if (client.way === null) return;
  const back = backOf(family, client.way, protocol, now);
  if ((change & Change.Pending) !== 0) {
    const number: U32 = (tcpOf(parts)?.sequence ?? 0) + 1;
    waitWith(family, client, back, { number, offer: offerOf(parts), note });
    return;
  }
  for (const { way, index } of [client, back]) {
    const beside = way === null ? null : family.beside(way, index);
    if (way === null || beside === null) continue;
    beside.shift = note;
    // Whoever sees that it is shifted sees by how much.
    barrier();
    become(way, Change.Shifted);
  }
};

/** What an entry in hand is to say of a flow: of one that waits, its middlebox's note; of one that has waited, the shift. */
export const noteOf = (family: Family, client: Found<Entry>, back: () => Found<Entry>): U32 => {
  if (client.way === null || (client.way.change & WAITS) === 0) return 0;
  const { way, index } = (client.way.change & Change.Pending) === 0 ? client : back();
  const beside = way === null ? null : family.beside(way, index);
  if (beside === null) return 0;
  return toU32((client.way.change & Change.Pending) === 0 ? beside.shift : beside.note);
};
