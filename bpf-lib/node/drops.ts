/** Packets that the node itself drops, by service and reason. What a middlebox drops, its service counts (state/counter.ts). */
import { map, struct, type u32, u64 } from "zeta/bpf";
import { serviceReason } from "../../sdk/middlebox/internal.ts";
import { stepDropped } from "../trace/trace.ts";
import { MOST_SERVICES } from "./services.ts";

export const MOST_REASONS = 64;
export const zeta_node_drops = map.perCpuArray({ value: struct({ count: u64 }), max: MOST_SERVICES * MOST_REASONS });

/** Counts a packet of a service dropped by the node, for a reason of the node's list. */
export const countNodeDrop = (service: u32, reason: u32): void => {
  const share = zeta_node_drops.at(service * MOST_REASONS + reason);
  if (share !== null) share.count += 1n;
  stepDropped(service, reason);
};

/** The reasons, in the words that users see. Called in programs only, so that a node lists just those it can give. */
export const because = {
  notWhole: () => serviceReason("malformed"),
  gone: () => serviceReason("service gone"),
  full: () => serviceReason("table full"),
  otherFamily: () => serviceReason("other address family"),
  changed: () => serviceReason("flow changed"),
  noPort: () => serviceReason("no port"),
  portless: () => serviceReason("has no port"),
  nobody: () => serviceReason("nobody has the port"),
  inUse: () => serviceReason("in use"),
  noFirst: () => serviceReason("fragment without its first"),
  tiny: () => serviceReason("tiny first fragment"),
  overlapping: () => serviceReason("overlapping fragment"),
  badFragment: () => serviceReason("malformed fragment"),
  strayFragment: () => serviceReason("fragment of no flow"),
  strayError: () => serviceReason("error of no flow"),
  noEndpoint: () => serviceReason("no such endpoint"),
  /** In an overlay: nothing there is the host's own. */
  unclaimed: () => serviceReason("no service in its network"),
  tooLong: () => serviceReason("too long for its way"),
  expired: () => serviceReason("time to live exceeded"),
  tooMany: () => serviceReason("quota of flows"),
  tooFast: () => serviceReason("quota of new flows"),
  /** Of a flow that waits for a packet from behind the service: of its client, which sends it again, or not that packet. */
  waiting: () => serviceReason("waits for an answer"),
  cannotWait: () => serviceReason("cannot wait"),
  noRoom: () => serviceReason("no room"),
  /** Of a flow across the families: what the other one has no form for (bpf-lib/translate/refusal.ts). */
  untranslatable: () => serviceReason("no form in the other family"),
} as const;
