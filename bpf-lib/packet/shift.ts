/**
 * Moving the sequence numbers of a connection whose client was told another beginning than the server chose: what the server
 * counts by, in its own packets and in the client's acknowledgements of them. The checksum follows.
 */
import { type Frame, type Of, struct, swapBytes, TcpOption, u32 as toU32, u32, type u64 } from "zeta/bpf";
import { seenAs } from "../../sdk/middlebox/internal.ts";
import { type Parts, tcpOf } from "./open.ts";
import { changed, updated } from "./sums.ts";
import { placeOfOption } from "./tcp-options.ts";
import { tcpWords } from "./words.ts";

const HEADER = 20;
const WORDS = 5;
const WORD = 4;
/** Two edges of four blocks: more do not fit (RFC 2018 section 3). */
const MOST_EDGES = 8;
const edge = struct({ value: u32 });

/** A number in memory order, as it is to be put back. @param by in host order */
export const moved = (from: u32, by: u32): u32 => swapBytes.u32(toU32(swapBytes.u32(from) + by));

/** Moves one edge of a block; an option may begin at an odd place, where its bytes have the other half of the sum's words. */
const moveEdge = (frame: Frame, header: Of<typeof tcpWords>, at: u32, odd: boolean, by: u32): boolean => {
  const place = frame.cursor(at).peek(edge);
  if (place === null) return false;
  const from = place.value;
  place.value = moved(from, by);
  const change: u64 = changed(from, place.value);
  header.checksum = updated(header.checksum, odd ? change << 8n : change);
  return true;
};

const shiftSelective = (parts: Parts, header: Of<typeof tcpWords>, words: u32, by: u32): void => {
  const start = parts.transportAt + HEADER;
  const option = placeOfOption(parts.frame, start, parts.transportAt + words * WORD, TcpOption.Sack);
  for (let i = 0; i < MOST_EDGES; i++) {
    if ((i + 1) * WORD > option.size) break;
    const at: u32 = option.at + i * WORD;
    if (!moveEdge(parts.frame, header, at, ((at - start) & 1) === 1, by)) break;
  }
};

/** A packet from the server: its own number. */
export const shiftToClient = (parts: Parts, by: u32): void => {
  const tcp = tcpOf(parts);
  if (tcp === null) return;
  const header = seenAs(tcp, tcpWords);
  const from = header.sequence;
  header.sequence = moved(from, by);
  header.checksum = updated(header.checksum, changed(from, header.sequence));
};

/** A packet from the client: what it acknowledges, selectively too. */
export const shiftFromClient = (parts: Parts, by: u32): void => {
  const tcp = tcpOf(parts);
  if (tcp === null || tcp.control.ack === 0) return;
  const { words } = tcp.control;
  const back: u32 = 0 - by;
  const header = seenAs(tcp, tcpWords);
  const from = header.acknowledgement;
  header.acknowledgement = moved(from, back);
  header.checksum = updated(header.checksum, changed(from, header.acknowledgement));
  if (words > WORDS) shiftSelective(parts, header, words, back);
};
