/** Moving the head of a packet whose network header grows or shrinks: the link layer, VLAN tags too, moves with it. */
import { ethernetHeader, header, i32, type Of, struct, type u16 as U16, u16, u32 } from "zeta/bpf";
import type { Parts } from "../packet/open.ts";

const twoTags = struct({ first: u32, second: u32 });
const lastType = header({ type: u16 });
const FIRST_TAG = 12;

/**
 * Makes room for a network header of `after` bytes where one of `before` is, both with what else is to be replaced. Gives
 * the Ethernet header, its last type set; null when that cannot be done, and the packet is then as it was. What stands where the
 * new header goes is of no meaning.
 */
export const moveHead = (parts: Parts, before: u32, after: u32, type: U16): Of<typeof ethernetHeader> | null => {
  const { frame, networkAt } = parts;
  const { source, destination } = parts.ethernet;
  // Two tags, or the network header in their place: every packet has as much, and whoever looks takes one way fewer for each.
  const tags = frame.cursor(FIRST_TAG).peek(twoTags);
  if (tags === null) return null;
  const { first, second } = tags;
  if (before !== after && !frame.adjustHead(i32(u32(before - after)))) return null;
  const ethernet = frame.cursor().peek(ethernetHeader);
  const moved = frame.cursor(FIRST_TAG).peek(twoTags);
  const last = frame.cursor(networkAt - 2).peek(lastType);
  if (ethernet === null || moved === null || last === null) return null;
  ethernet.destination = destination;
  ethernet.source = source;
  moved.first = first;
  moved.second = second;
  last.type = type;
  return ethernet;
};
