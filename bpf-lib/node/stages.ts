/** The node's own programs that a packet goes on in after the first: reached by tail call, filled in when the node is loaded. */
import { EtherType, map, type u16, type u32 } from "zeta/bpf";
import type { Parts } from "../packet/open.ts";
import { note } from "../packet/reopen.ts";
import { type Call, Inside } from "./call.ts";

export const Stage = {
  Forward: 0,
  Commit4: 1,
  Commit6: 2,
  Refuse: 3,
  Pools: 4,
  Renew4: 5,
  Renew6: 6,
  Route: 7,
  Enter4: 8,
  Enter6: 9,
  Entered4: 10,
  Undo4: 11,
  Undo6: 12,
  Forget4: 13,
  Forget6: 14,
  Tell4: 15,
  Tell6: 16,
  Keep4: 17,
  Keep6: 18,
  Unwrap: 19,
  /** Stands on the interfaces too. */
  Root: 20,
  Parse: 78,
  Wrap: 21,
  Obstacle: 22,
  Reach: 23,
  Unclaimed: 24,
  Neighbour: 25,
  Error4: 26,
  Error6: 27,
  Entered6: 28,
  Fragment: 29,
  Carry: 30,
  /** Of flows across the families: 46 with the entry of packets that become IPv6, 64 with that of those that become IPv4. */
  Translate46: 32,
  Translate64: 33,
  Settle46: 34,
  Settle64: 35,
  Pools64: 36,
  Link64: 37,
  Ask46: 38,
  Route46: 39,
  Route64: 40,
  Renew46: 41,
  Renew64: 42,
  Keep46: 43,
  Keep64: 44,
  Forget46: 45,
  Forget64: 46,
  Error46: 47,
  Error64: 48,
  /** Of flows that wait for a packet from behind the service, or have waited for one. */
  Wait: 49,
  Complete: 50,
  Shift: 51,
  Leave: 52,
  /** Of nodes in a cluster: what an operation says of one is taken over. */
  Waited: 53,
  /** Of forwarders: an ICMP error is about a flow that is not known here. */
  AskError: 54,
  /** Of forwarders: a fragment's first may have come to another, or others are to hear of it; and what is known of it has come back. On table nodes, what is asked so. */
  AskFirst: 55,
  Followed: 31,
  Admit: 56,
  /** Only while packets are traced (bpf-lib/trace). */
  Proceed: 63,
  /** Of nodes in a cluster (bpf-lib/table): an operation of the flow table has come, and the packet behind it goes on. */
  Operation: 64,
  Turn: 65,
  Serve4: 66,
  Serve6: 67,
  Store4: 68,
  Store6: 69,
  Fill4: 70,
  Fill6: 71,
  /** What is brought to a member that has not everything. */
  Bring4: 72,
  Bring6: 73,
  /** A packet that may be an answer to a flow of another service than the one that takes it. */
  Seek4: 74,
  Seek6: 75,
  /** All of a path know that a flow has ended; by the family of its client. */
  Over4: 76,
  Over6: 77,
  /** Of flows across the families, by that of their clients. */
  Store46: 57,
  Store64: 58,
  Serve46: 59,
  Serve64: 60,
  Fill46: 61,
  Fill64: 62,
} as const;
export const zeta_node_stages = map.programs({ max: 80 });

/** Goes on in a stage that takes the packet as it was found. */
export const goOn = (parts: Parts, call: Call, stage: u32): void => {
  note(parts, call.packet);
  zeta_node_stages.call(stage);
};

/** Goes on as what has just arrived, in the network that is noted: out of a tunnel, or from the node itself. */
export const arriveAgain = (call: Call): void => {
  call.inside = Inside.Noted;
  zeta_node_stages.call(Stage.Root);
  // Too many tail calls: the next packet is another.
  call.inside = 0;
};

/** Goes on where decisions are committed. */
export const enterCommit = (type: u16): void =>
  zeta_node_stages.call(type === EtherType.Ipv4 ? Stage.Commit4 : Stage.Commit6);

/** Goes on where a flow has been entered. */
export const enterEntered = (type: u16): void =>
  zeta_node_stages.call(type === EtherType.Ipv4 ? Stage.Entered4 : Stage.Entered6);

/** Goes on where ICMP errors find the flow that they are about. */
export const enterError = (parts: Parts, call: Call): void =>
  goOn(parts, call, parts.type === EtherType.Ipv4 ? Stage.Error4 : Stage.Error6);

/** Goes on where a flow's old decision is forgotten, or told of first. */
export const enterForget = (type: u16, told: boolean): void => {
  const isIpv4 = type === EtherType.Ipv4;
  if (told) zeta_node_stages.call(isIpv4 ? Stage.Forget4 : Stage.Forget6);
  else zeta_node_stages.call(isIpv4 ? Stage.Tell4 : Stage.Tell6);
};
