/**
 * Explicit congestion notification through tunnels, RFC 6040. Inward the inner field is copied (normal mode, section 4.1);
 * outward the outer field is folded into the inner one here (section 4.2).
 */
import { EtherType, type Frame, type u32 as U32, u16, u32, vlanTag } from "zeta/bpf";
import { changed, updated } from "../packet/sums.ts";
import { ipv4Words, ipv6Words } from "../packet/words.ts";

export const Ecn = { NotCapable: 0, Capable1: 1, Capable0: 2, Congestion: 3 } as const;

/** Where the field stands in a header's first word, in memory order. */
const ECN4 = 8;
const ECN6 = 12;

/** Whether an outer field changes an inner one, or its fate: the other two leave everything as it is. */
export const tellsOfCongestion = (outer: U32): boolean => (outer & 1) !== 0;

/** The inner field after the tunnel, given one that `tellsOfCongestion`; null: the packet is to be dropped. */
const combined = (inner: U32, outer: U32): U32 | null => {
  if (outer === Ecn.Congestion) return inner === Ecn.NotCapable ? null : Ecn.Congestion;
  return inner === Ecn.Capable0 ? Ecn.Capable1 : inner;
};

/** Folds the outer field into the packet of the Ethernet frame at `at`; false when it must be dropped. What is no IP has no field. */
export const leaveTunnel = (frame: Frame, at: U32, outer: U32): boolean => {
  const cursor = frame.cursor(at + 12);
  let type: U32 = cursor.take(u16) ?? 0;
  for (let tags = 0; tags < 2; tags++) {
    if (type !== EtherType.Vlan && type !== EtherType.ProviderVlan) break;
    type = cursor.take(vlanTag)?.type ?? 0;
  }
  if (type === EtherType.Ipv4) {
    const ip = cursor.peek(ipv4Words);
    if (ip === null) return true;
    const from = ip.start;
    const ecn = combined((from >> ECN4) & 3, outer);
    if (ecn === null) return false;
    ip.start = u16((from & ~(3 << ECN4)) | (ecn << ECN4));
    ip.checksum = updated(ip.checksum, changed(from, ip.start));
  } else if (type === EtherType.Ipv6) {
    const ip = cursor.peek(ipv6Words);
    if (ip === null) return true;
    const from = ip.start;
    const ecn = combined((from >> ECN6) & 3, outer);
    if (ecn === null) return false;
    ip.start = u32((from & ~(3 << ECN6)) | (ecn << ECN6));
  }
  return true;
};
