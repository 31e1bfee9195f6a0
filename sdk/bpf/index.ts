/**
 * The system layer, `zeta/bpf`: raw XDP programs, packet cursors, every map type, kernel helpers. What bpf-lib is
 * written in; authors of services rarely need it.
 */
export * from "../headers/index.ts";
export {
  address,
  array,
  bigEndian,
  bits,
  bool,
  type FixedArray,
  header,
  i32,
  i64,
  ipv4,
  ipv6,
  type Layout,
  mac,
  type Of,
  spinLock,
  struct,
  u8,
  u16,
  u32,
  u64,
} from "../layout/layouts.ts";
export type { SpinLock } from "../layout/types.ts";
export * from "../maps/maps.ts";
export * from "../middlebox/addresses.ts";
export * from "./checksum.ts";
export * from "./frame.ts";
export * from "./kernel.ts";
export * from "./packet.ts";
export * from "./program.ts";
