/** The link layer: over the Ethernet header and up to two VLAN tags to what they carry. */
import { type Action, EtherType, ethernetHeader, type Frame, type Of, type u16, type u32, vlanTag } from "zeta/bpf";

const isTag = (type: u16): boolean => type === EtherType.Vlan || type === EtherType.ProviderVlan;

/**
 * Runs `use(ethernet, type, at)` with the EtherType behind the tags and the offset of its header; `other` when the frame is too
 * short for an Ethernet header, `broken` for cut tags and for more than two.
 */
export const openLink = (
  frame: Frame,
  use: (ethernet: Of<typeof ethernetHeader>, type: u16, at: u32) => Action,
  other: () => Action,
  broken: () => Action = other,
): Action => {
  const start = frame.cursor();
  const ethernet = start.take(ethernetHeader);
  if (ethernet === null) return other();
  let type: u16 = ethernet.type;
  let at: u32 = 14;
  if (isTag(type)) {
    const outer = start.take(vlanTag);
    if (outer === null) return broken();
    type = outer.type;
    at = 18;
    if (isTag(type)) {
      const inner = start.take(vlanTag);
      if (inner === null) return broken();
      type = inner.type;
      at = 22;
      if (isTag(type)) return broken();
    }
  }
  return use(ethernet, type, at);
};
