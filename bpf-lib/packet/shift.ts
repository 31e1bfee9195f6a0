/**
 * Moving the sequence numbers of a connection whose client was told another beginning than the server chose: what the server
 * counts by, in its own packets and in the client's acknowledgements of them. The checksum follows.
 */
import { type Frame, type Of, struct, swapBytes, TcpOption, u32 as toU32, u16, u32, type u64 } from "zeta/bpf";
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
/** Kind and length of an option. */
const optionStart = struct({ value: u16 });
const ONE_BLOCK = 8;
const NOPS = 0x0101_0101;

/** A number in memory order, as it is to be put back. @param by in host order */
export const moved = (from: u32, by: u32): u32 => swapBytes.u32(toU32(swapBytes.u32(from) + by));

/** What a changed word adds to the sum; an option may begin at an odd place, where its bytes have the other half of the sum's words. */
const adds = (from: u32, to: u32, odd: boolean): u64 => (odd ? changed(from, to) << 8n : changed(from, to));

const moveEdge = (frame: Frame, header: Of<typeof tcpWords>, at: u32, odd: boolean, by: u32): boolean => {
  const place = frame.cursor(at).peek(edge);
  if (place === null) return false;
  const from = place.value;
  place.value = moved(from, by);
  header.checksum = updated(header.checksum, adds(from, place.value, odd));
  return true;
};

/**
 * A client answers the probe that his connection began with (handshake.ts) by saying, too, that he had its byte (RFC 2883). The
 * server has sent no such byte: its TCP would take later reports of that kind for doubtful. So this one is blanked, and with it
 * the same report of any single byte that was the last one to come. False when it is none.
 */
const blankProbe = (frame: Frame, header: Of<typeof tcpWords>, at: u32, odd: boolean, acknowledged: u32): boolean => {
  const kind = frame.cursor(at - 2).peek(optionStart);
  const left = frame.cursor(at).peek(edge);
  const right = frame.cursor(at + WORD).peek(edge);
  if (kind === null || left === null || right === null) return false;
  if (right.value !== acknowledged || moved(left.value, 1) !== acknowledged) return false;
  const edges: u64 = adds(left.value, NOPS, odd) + adds(right.value, NOPS, odd);
  const change: u64 = edges + adds(kind.value, NOPS & 0xffff, odd);
  left.value = NOPS;
  right.value = NOPS;
  kind.value = NOPS & 0xffff;
  header.checksum = updated(header.checksum, change);
  return true;
};

const shiftSelective = (parts: Parts, header: Of<typeof tcpWords>, words: u32, by: u32, acknowledged: u32): void => {
  const start = parts.transportAt + HEADER;
  const option = placeOfOption(parts.frame, start, parts.transportAt + words * WORD, TcpOption.Sack);
  const odd = ((option.at - start) & 1) === 1;
  if (option.size === ONE_BLOCK && blankProbe(parts.frame, header, option.at, odd, acknowledged)) return;
  for (let i = 0; i < MOST_EDGES; i++) {
    if ((i + 1) * WORD > option.size) break;
    if (!moveEdge(parts.frame, header, option.at + i * WORD, odd, by)) break;
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
  if (words > WORDS) shiftSelective(parts, header, words, back, from);
};
