/** Sending the packet in hand on to a member of the cluster, with the operation in hand before it. */
import {
  type Action,
  EtherType,
  ethernetHeader,
  type Frame,
  geneveHeader,
  geneveOption,
  type Of,
  OverlayPort,
  Protocol,
  swapBytes,
  type u32 as U32,
  u8,
  u16,
  u64,
  udpHeader,
} from "zeta/bpf";
import { updated } from "../packet/sums.ts";
import { ipv4Words } from "../packet/words.ts";
import { sendOut } from "../trace/trace.ts";
import { lost, TableFault } from "./faults.ts";
import { type InHand, OPTION_CLASS, OptionType } from "./operation.ts";
import { tagOf } from "./tag.ts";
import { type memberRecord, type View, zeta_table_keys, zeta_table_members, zeta_table_view } from "./view.ts";

export const OPERATION_BYTES = 32;
export const ENTRY_BYTES = 120;
const OPTION = 4;
/** Ethernet, IPv4, UDP, Geneve. */
export const OUTER_BYTES = 50;
export const OPERATION_AT = OUTER_BYTES + OPTION;
export const ENTRY_AT = OPERATION_AT + OPERATION_BYTES + OPTION;
/** Bytes before the tenant's frame. */
export const SHORT_BYTES = OPERATION_AT + OPERATION_BYTES;
export const LONG_BYTES = ENTRY_AT + ENTRY_BYTES;

const ETHERNET = 14;
const IPV4 = 20;
const WORD = 4;
/** Version 4, five words; class CS6, of network control (RFC 4594). */
const IPV4_START = 0xc045;
const DONT_FRAGMENT = 0x0040;
const TTL = 64;
/** From 49152 on: the port tells paths of one flow apart from those of others (RFC 8926 section 3.3). */
const portOf = (bucket: U32): U32 => 0xc000 | bucket;

const writeOption = (option: Of<typeof geneveOption>, type: U32, bytes: U32): void => {
  option.class = OPTION_CLASS;
  option.kind = { critical: type >> 7, type: type & 0x7f, reserved: 0, words: bytes / WORD };
};

/** Written in one go, the operation's tag being made for just this hop. False when there is no room before the packet. */
export const envelop = (frame: Frame, hand: InHand, view: View, to: Of<typeof memberRecord>): boolean => {
  const long = hand.withEntry !== 0;
  if (!frame.adjustHead(long ? -LONG_BYTES : -SHORT_BYTES)) return false;
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  const ip = cursor.take(ipv4Words);
  const udp = cursor.take(udpHeader);
  const geneve = cursor.take(geneveHeader);
  const option = cursor.take(geneveOption);
  if (ethernet === null || ip === null || udp === null || geneve === null || option === null) return false;
  const keys = zeta_table_keys.at(0);
  hand.of.key = keys === null ? 0 : keys.own;
  hand.of.tag = tagOf(view.address, to.address);
  ethernet.destination = to.destination;
  ethernet.source = to.source;
  ethernet.type = EtherType.Ipv4;
  ip.start = IPV4_START;
  ip.totalLength = swapBytes.u16(u16(frame.length - ETHERNET));
  ip.identification = 0;
  ip.fragment = DONT_FRAGMENT;
  ip.ttlAndProtocol = TTL | (Protocol.Udp << 8);
  ip.source = view.address;
  ip.destination = to.address;
  const sum = u64(IPV4_START) + u64(ip.totalLength) + u64(DONT_FRAGMENT) + u64(ip.ttlAndProtocol);
  ip.checksum = updated(0xffff, sum + u64(view.address) + u64(to.address));
  udp.sourcePort = u16(portOf(hand.of.bucket));
  udp.destinationPort = OverlayPort.Geneve;
  udp.length = u16(frame.length - ETHERNET - IPV4);
  // None, as Geneve over IPv4 has it by default: the tag covers what the operation says, the tenant's packet has its own.
  udp.checksum = 0;
  geneve.start = {
    version: 0,
    words: (long ? LONG_BYTES - OUTER_BYTES : SHORT_BYTES - OUTER_BYTES) / WORD,
    control: 0,
    critical: 1,
    reserved: 0,
  };
  geneve.protocol = EtherType.Bridged;
  geneve.network = { vni: hand.vni, spare: 0 };
  writeOption(option, OptionType.Operation, OPERATION_BYTES);
  if (!frame.write(OPERATION_AT, hand.of)) return false;
  if (!long) return true;
  const second = frame.cursor(SHORT_BYTES).peek(geneveOption);
  if (second === null) return false;
  writeOption(second, OptionType.Entry, ENTRY_BYTES);
  return frame.write(ENTRY_AT, hand.entry);
};

/**
 * Sends the packet in hand, as the operation in hand, to a node of the cluster. Comes back with what XDP is to do; drops,
 * counted, what has no hops left, and whatever is for a node that is not there.
 */
export const sendTo = (frame: Frame, hand: InHand, node: U32): Action => {
  const view = zeta_table_view.at(0);
  const to = zeta_table_members.at(node);
  if (view === null || to === null || to.address === 0) return lost(TableFault.Member);
  const { hops } = hand.of;
  if (hops === 0) return lost(TableFault.Hops);
  hand.of.hops = u8(hops - 1);
  if (!envelop(frame, hand, view, to)) return lost(TableFault.Room);
  return sendOut(to.interface);
};
