/** TCP: of its fields outside the key, the checksum follows each, and options are replaced as a whole. */
import {
  type Cursor,
  type Of,
  struct,
  swapBytes,
  type tcpHeader,
  u32 as toU32,
  type u8,
  type u16,
  type u32,
} from "zeta/bpf";
import { forReading, seenAs } from "../../../sdk/middlebox/internal.ts";
import { putPort } from "../edit.ts";
import { type Parts, tcpOf } from "../open.ts";
import { changed, updated } from "../sums.ts";
import { findOption, MSS_WORD, SACK_WORD } from "../tcp-options.ts";
import { tcpWords } from "../words.ts";
import { type Access, guard } from "./access.ts";

/** A word of the segment changed, in memory order. */
const follow = (words: Of<typeof tcpWords>, from: u32, to: u32): void => {
  words.checksum = updated(words.checksum, changed(from, to));
};

const OPTION_WORDS = 10;
const FOUR_NOPS = 0x0101_0101;
const optionWord = struct({ value: toU32 });

/** An MSS option alone, or with one that permits SACK, in the room that the options had. */
const keepMss = (parts: Parts, words: Of<typeof tcpWords>, header: u32, mss: u16, sack: boolean): void => {
  for (let i = 1; i <= OPTION_WORDS; i++) {
    if (16 + i * 4 >= header) break;
    const at = parts.frame.cursor(parts.transportAt + 16 + i * 4).peek(optionWord);
    if (at === null) break;
    const from = at.value;
    const isMss = i === 1 && mss !== 0;
    at.value = isMss ? swapBytes.u32(MSS_WORD | mss) : i === 2 && sack ? swapBytes.u32(SACK_WORD) : FOUR_NOPS;
    follow(words, from, at.value);
  }
};

const tcpView = (parts: Parts, tcp: Of<typeof tcpHeader>, words: Of<typeof tcpWords>, access: Access) => ({
  get sourcePort() {
    return tcp.sourcePort;
  },
  set sourcePort(to: u16) {
    guard(access, "sourcePort");
    putPort(parts, "source", to);
  },
  get destinationPort() {
    return tcp.destinationPort;
  },
  set destinationPort(to: u16) {
    guard(access, "destinationPort");
    putPort(parts, "destination", to);
  },
  get sequence() {
    return tcp.sequence;
  },
  set sequence(to: u32) {
    const from = words.sequence;
    tcp.sequence = to;
    follow(words, from, words.sequence);
  },
  get acknowledgement() {
    return tcp.acknowledgement;
  },
  set acknowledgement(to: u32) {
    const from = words.acknowledgement;
    tcp.acknowledgement = to;
    follow(words, from, words.acknowledgement);
  },
  get window() {
    return tcp.window;
  },
  set window(to: u16) {
    const from = words.window;
    tcp.window = to;
    follow(words, from, words.window);
  },
  get syn() {
    return tcp.control.syn === 1;
  },
  set syn(to: boolean) {
    const from = words.control;
    tcp.control.syn = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get ack() {
    return tcp.control.ack === 1;
  },
  set ack(to: boolean) {
    const from = words.control;
    tcp.control.ack = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get fin() {
    return tcp.control.fin === 1;
  },
  set fin(to: boolean) {
    const from = words.control;
    tcp.control.fin = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get rst() {
    return tcp.control.rst === 1;
  },
  set rst(to: boolean) {
    const from = words.control;
    tcp.control.rst = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get psh() {
    return tcp.control.psh === 1;
  },
  set psh(to: boolean) {
    const from = words.control;
    tcp.control.psh = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get urg() {
    return tcp.control.urg === 1;
  },
  set urg(to: boolean) {
    const from = words.control;
    tcp.control.urg = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get ece() {
    return tcp.control.ece === 1;
  },
  set ece(to: boolean) {
    const from = words.control;
    tcp.control.ece = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get cwr() {
    return tcp.control.cwr === 1;
  },
  set cwr(to: boolean) {
    const from = words.control;
    tcp.control.cwr = to ? 1 : 0;
    follow(words, from, words.control);
  },
  get opens() {
    return tcp.control.syn === 1 && tcp.control.ack === 0;
  },
  get headerLength() {
    return tcp.control.words * 4;
  },
  option: (kind: u8): Cursor | null =>
    forReading(findOption(parts.frame, parts.transportAt + 20, parts.transportAt + tcp.control.words * 4, kind)),
  keepMss: (mss: u16, sack: boolean = false): void => keepMss(parts, words, tcp.control.words * 4, mss, sack),
});

export const tcpViewOf = (parts: Parts, access: Access) => {
  const tcp = tcpOf(parts);
  return tcp === null ? null : tcpView(parts, tcp, seenAs(tcp, tcpWords), access);
};
