/** The packet as the system layer sees it: bytes behind cursors, moved at both ends. */
import type { Layout, u32 } from "../layout/layouts.ts";

/**
 * A place in the packet that moves forward as headers are taken. It moves also when there is too little left: it then
 * stands beyond the end, and everything taken after that is null too.
 */
export interface Cursor {
  /** Bytes from the packet's start. */
  readonly position: u32;
  /** Bytes from here to the packet's end (or to the end of the slice). */
  readonly remaining: u32;
  /** A live view of the header here, moving past it; null when the packet is too short. Scalars are read in network order. */
  take<V>(layout: Layout<V>): V | null;
  /** As `take`, without moving. */
  peek<V>(layout: Layout<V>): V | null;
  /** Moves `bytes` forward; false when that is beyond the end. */
  skip(bytes: u32): boolean;
  /** A cursor over the next `bytes` bytes only, moving past them; null when the packet is too short. */
  slice(bytes: u32): Cursor | null;
}

export interface Frame {
  /** A cursor that starts `offset` bytes into the packet. */
  cursor(offset?: u32): Cursor;
  /** Bytes in the packet. */
  readonly length: u32;
  /** Index of the interface it came in by. */
  readonly ingressInterface: u32;
  readonly queue: u32;
  /** Only in programs of a devmap. */
  readonly egressInterface: u32;
  /** Moves the start: negative grows, positive cuts. True on success; kills every view either way. */
  adjustHead(delta: number): boolean;
  /** Moves the end: positive grows (zeroed), negative cuts. True on success; kills every view either way. */
  adjustTail(delta: number): boolean;
  /** Copies `to`'s size of bytes from `offset` into memory (`local(layout)` or a map value); false when out of range. */
  read(offset: u32, to: object): boolean;
  write(offset: u32, from: object): boolean;
}
