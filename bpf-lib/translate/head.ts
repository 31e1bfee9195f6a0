/** Moving the head of a packet whose network header grows or shrinks: the link layer, VLAN tags too, moves with it. */
import { ethernetHeader, type Frame, header, i32, type Of, struct, type u16 as U16, u16, u32 } from "zeta/bpf";
import type { Parts } from "../packet/open.ts";

const word = struct({ value: u32 });
const lastType = header({ type: u16 });
const FIRST_TAG = 12;
const SECOND_TAG = 16;

const wordAt = (frame: Frame, at: u32): u32 => frame.cursor(at).peek(word)?.value ?? 0;
const putWord = (frame: Frame, at: u32, value: u32): boolean => {
  const to = frame.cursor(at).peek(word);
  if (to === null) return false;
  to.value = value;
  return true;
};

/**
 * Makes room for a network header of `after` bytes where one of `before` is, both with what else is to be replaced. Gives
 * the Ethernet header, its last type set; null when that cannot be done, and the packet is then as it was.
 */
export const moveHead = (parts: Parts, before: u32, after: u32, type: U16): Of<typeof ethernetHeader> | null => {
  const { frame, networkAt } = parts;
  const { source, destination } = parts.ethernet;
  const first = networkAt > 14 ? wordAt(frame, FIRST_TAG) : 0;
  const second = networkAt > 18 ? wordAt(frame, SECOND_TAG) : 0;
  if (before !== after && !frame.adjustHead(i32(u32(before - after)))) return null;
  const ethernet = frame.cursor().peek(ethernetHeader);
  const last = frame.cursor(networkAt - 2).peek(lastType);
  if (ethernet === null || last === null) return null;
  ethernet.destination = destination;
  ethernet.source = source;
  if (networkAt > 14 && !putWord(frame, FIRST_TAG, first)) return null;
  if (networkAt > 18 && !putWord(frame, SECOND_TAG, second)) return null;
  last.type = type;
  return ethernet;
};
