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
  ipv4,
  type Of,
  type u32,
} from "zeta/bpf";
import { answererFor, NOBODY } from "./entrances.ts";
import { isGroup, reaches } from "./stations.ts";

const ETHERNET = 1;
const MAC_SIZE = 6;
const ADDRESS_SIZE = 4;
const UNSPECIFIED = ipv4("0.0.0.0");

/** `at`: where the ARP packet begins; `vni`: the network that it came from. Null when the request is not for us to answer; the packet is then as it was. */
export const answerArp = (frame: Frame, ethernet: Of<typeof ethernetHeader>, at: u32, vni: u32): Action | null => {
  const arp = frame.cursor(at).peek(arpHeader);
  if (arp === null || arp.operation !== ArpOperation.Request) return null;
  if (arp.hardwareType !== ETHERNET || arp.protocolType !== EtherType.Ipv4) return null;
  if (arp.hardwareSize !== MAC_SIZE || arp.protocolSize !== ADDRESS_SIZE) return null;
  const { senderMac, senderAddress, targetAddress } = arp;
  if (senderAddress === targetAddress || isGroup(senderMac) || isGroup(ethernet.source)) return null;
  const { mac: own, instead } = answererFor(frame, vni, fromIpv4(targetAddress));
  if (own === NOBODY || !reaches(ethernet.destination, own)) return null;
  // Whoever looks whether an address is free may be the station that has it (RFC 5227 section 1.1).
  if (instead !== NOBODY && (senderAddress === UNSPECIFIED || senderMac === instead)) return null;
  ethernet.destination = senderMac;
  ethernet.source = own;
  arp.operation = ArpOperation.Reply;
  arp.targetMac = senderMac;
  arp.targetAddress = senderAddress;
  arp.senderMac = own;
  arp.senderAddress = targetAddress;
  return Action.Transmit;
};
