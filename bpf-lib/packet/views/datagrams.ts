/** UDP, and ICMP of both families, whose checksum follows what is edited. */
import type { icmpHeader, Of, u8, u16, udpHeader } from "zeta/bpf";
import { seenAs } from "../../../sdk/middlebox/internal.ts";
import { putPort } from "../edit.ts";
import { type Parts, udpOf } from "../open.ts";
import { changed, updated } from "../sums.ts";
import { icmpWords } from "../words.ts";
import { type Access, guard } from "./access.ts";

const udpView = (parts: Parts, udp: Of<typeof udpHeader>, access: Access) => ({
  get sourcePort() {
    return udp.sourcePort;
  },
  set sourcePort(to: u16) {
    guard(access, "sourcePort");
    putPort(parts, "source", to);
  },
  get destinationPort() {
    return udp.destinationPort;
  },
  set destinationPort(to: u16) {
    guard(access, "destinationPort");
    putPort(parts, "destination", to);
  },
  get length() {
    return udp.length;
  },
});

const icmpView = (icmp: Of<typeof icmpHeader>, words: Of<typeof icmpWords>, access: Access) => ({
  get type() {
    return icmp.type;
  },
  set type(to: u8) {
    guard(access, "type");
    const from = words.typeAndCode;
    icmp.type = to;
    words.checksum = updated(words.checksum, changed(from, words.typeAndCode));
  },
  get code() {
    return icmp.code;
  },
  get identifier() {
    return icmp.identifier;
  },
  set identifier(to: u16) {
    guard(access, "identifier");
    const from = words.identifier;
    icmp.identifier = to;
    words.checksum = updated(words.checksum, changed(from, words.identifier));
  },
  get sequence() {
    return icmp.sequence;
  },
  set sequence(to: u16) {
    const from = words.sequence;
    icmp.sequence = to;
    words.checksum = updated(words.checksum, changed(from, words.sequence));
  },
});

export const udpViewOf = (parts: Parts, access: Access) => {
  const udp = udpOf(parts);
  return udp === null ? null : udpView(parts, udp, access);
};
export const icmpViewOf = (icmp: Of<typeof icmpHeader> | null, access: Access) =>
  icmp === null ? null : icmpView(icmp, seenAs(icmp, icmpWords), access);
