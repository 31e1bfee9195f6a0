/**
 * An operation has come: what is before the tenant's packet is checked, noted, and taken off; then the packet goes on in
 * `Stage.Turn`, which is another program on forwarders than on flow-table nodes. Nothing is believed before its tag.
 */
import {
  Action,
  EtherType,
  ethernetHeader,
  type Frame,
  geneveHeader,
  geneveOption,
  i32,
  type Of,
  OverlayPort,
  Protocol,
  program,
  swapBytes,
  u32 as toU32,
  type u32,
  udpHeader,
} from "zeta/bpf";
import { zeta_node_call } from "../node/call.ts";
import { NODE } from "../node/services.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { ipv4Words } from "../packet/words.ts";
import { lost, TableFault } from "./faults.ts";
import { hasService } from "./hand.ts";
import { OPTION_CLASS, OptionType, zeta_table_operation } from "./operation.ts";
import { isGood, tagOf } from "./tag.ts";
import {
  ENTRY_AT,
  ENTRY_BYTES,
  LONG_BYTES,
  OPERATION_AT,
  OPERATION_BYTES,
  OUTER_BYTES,
  SHORT_BYTES,
} from "./transmit.ts";
import { isOurSide } from "./view.ts";

const ETHERNET = 14;
const WORD = 4;
const FRAGMENT = 0xff3f;
const PLAIN_IPV4 = 0x45;

const isOption = (option: Of<typeof geneveOption> | null, type: u32, bytes: u32): boolean =>
  option !== null &&
  option.class === OPTION_CLASS &&
  ((option.kind.critical << 7) | option.kind.type) === type &&
  option.kind.words === bytes / WORD;

/** Bytes before the tenant's frame; 0 for what is not of an operation's form. */
const shapeOf = (frame: Frame): u32 => {
  const cursor = frame.cursor(ETHERNET + 20);
  const udp = cursor.take(udpHeader);
  const geneve = cursor.take(geneveHeader);
  const option = cursor.take(geneveOption);
  if (udp === null || geneve === null || udp.destinationPort !== OverlayPort.Geneve) return 0;
  const { version, words, control } = geneve.start;
  if (version !== 0 || control !== 0 || geneve.protocol !== EtherType.Bridged) return 0;
  if (!isOption(option, OptionType.Operation, OPERATION_BYTES)) return 0;
  const bytes: u32 = OUTER_BYTES + words * WORD;
  if (udp.length + ETHERNET + 20 > frame.length || udp.length + ETHERNET + 20 < bytes + ETHERNET) return 0;
  if (bytes === SHORT_BYTES) return bytes;
  if (bytes !== LONG_BYTES) return 0;
  return isOption(frame.cursor(SHORT_BYTES).peek(geneveOption), OptionType.Entry, ENTRY_BYTES) ? bytes : 0;
};

const receive = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  const hand = zeta_table_operation.at(0);
  if (call === null || hand === null) return Action.Aborted;
  if (!isOurSide(frame)) return lost(TableFault.Side);
  const ethernet = frame.cursor().peek(ethernetHeader);
  const ip = frame.cursor(ETHERNET).peek(ipv4Words);
  if (ethernet === null || ip === null || ethernet.type !== EtherType.Ipv4) return lost(TableFault.Form);
  if ((ip.start & 0xff) !== PLAIN_IPV4 || ip.ttlAndProtocol >> 8 !== Protocol.Udp) return lost(TableFault.Form);
  if ((ip.fragment & FRAGMENT) !== 0) return lost(TableFault.Form);
  const end: u32 = ETHERNET + swapBytes.u16(ip.totalLength);
  const bytes = shapeOf(frame);
  if (bytes === 0 || end > frame.length) return lost(TableFault.Form);
  const { source, destination } = ip;
  hand.withEntry = bytes === LONG_BYTES ? 1 : 0;
  if (!frame.read(OPERATION_AT, hand.of)) return lost(TableFault.Form);
  if (bytes === LONG_BYTES && !frame.read(ENTRY_AT, hand.entry)) return lost(TableFault.Form);
  const geneve = frame.cursor(ETHERNET + 28).peek(geneveHeader);
  if (geneve === null) return lost(TableFault.Form);
  hand.vni = geneve.network.vni;
  if (!isGood(hand.of.key)) return lost(TableFault.Key);
  if (tagOf(source, destination) !== hand.of.tag) return lost(TableFault.Tag);
  call.vni = hand.vni;
  // What is dropped is counted for a service that there is.
  call.service = hasService(hand.of.service) ? hand.of.service : NODE;
  if (frame.length > end && !frame.adjustTail(i32(toU32(end - frame.length)))) return lost(TableFault.Form);
  const moved = bytes === LONG_BYTES ? frame.adjustHead(LONG_BYTES) : frame.adjustHead(SHORT_BYTES);
  if (!moved) return lost(TableFault.Form);
  zeta_node_stages.call(Stage.Turn);
  return lost(TableFault.Role);
};

export const zeta_operation = program("zeta_operation", receive, {
  slot: { table: zeta_node_stages, index: Stage.Operation },
});
