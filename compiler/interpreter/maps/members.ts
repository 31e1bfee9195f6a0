/** What maps of programs and maps of maps hold: references, shown to user space as the kernel's numbers for them. */
import { viewOf } from "../kernel/memory.ts";

let last = 0;
const numbers = new WeakMap<object, number>();

/** A number for a program or map, as BPF_OBJ_GET_INFO_BY_FD gives one: unique, and otherwise without meaning. */
export function identify(member: object): number {
  const known = numbers.get(member);
  if (known !== undefined) return known;
  numbers.set(member, ++last);
  return last;
}

export function identifier(member: object): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, identify(member), true);
  return bytes;
}
