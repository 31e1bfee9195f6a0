/**
 * Answering ARP requests for entrances (RFC 826), in place. Nothing is learnt from them: that is the host stack's affair.
 * Not answered, and left to the host stack: announcements, by which another node says that it has the address now
 * (RFC 5227 section 3: an entrance that has moved must not be defended), and whatever is not a sane request.
 */
import {
  Action,
  ArpOperation,
  arpHeader,
  EtherType,
  type ethernetHeader,
  type Frame,
  fromIpv4,
  type Of,
  type u32,
} from "zeta/bpf";
import { entranceAt } from "./entrances.ts";
import { isGroup, reaches } from "./stations.ts";

const ETHERNET = 1;
const MAC_SIZE = 6;
const ADDRESS_SIZE = 4;

/** `at`: where the ARP packet begins. Null when the request is not for us to answer; the packet is then as it was. */
export const answerArp = (frame: Frame, ethernet: Of<typeof ethernetHeader>, at: u32): Action | null => {
  const arp = frame.cursor(at).peek(arpHeader);
  if (arp === null || arp.operation !== ArpOperation.Request) return null;
  if (arp.hardwareType !== ETHERNET || arp.protocolType !== EtherType.Ipv4) return null;
  if (arp.hardwareSize !== MAC_SIZE || arp.protocolSize !== ADDRESS_SIZE) return null;
  const { senderMac, senderAddress, targetAddress } = arp;
  if (senderAddress === targetAddress || isGroup(senderMac) || isGroup(ethernet.source)) return null;
  const ours = entranceAt(frame, fromIpv4(targetAddress));
  if (ours === null || !reaches(ethernet.destination, ours.mac)) return null;
  const own = ours.mac;
  ethernet.destination = senderMac;
  ethernet.source = own;
  arp.operation = ArpOperation.Reply;
  arp.targetMac = senderMac;
  arp.targetAddress = senderAddress;
  arp.senderMac = own;
  arp.senderAddress = targetAddress;
  return Action.Transmit;
};
