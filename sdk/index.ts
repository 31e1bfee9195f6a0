/** The middlebox layer, `zeta`: what authors of services use. */
export type { Cursor } from "./bpf/frame.ts";
export { Protocol } from "./headers/ip.ts";
export { IcmpType, Icmpv6Type, TcpOption } from "./headers/transport.ts";
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
  struct,
  u8,
  u16,
  u32,
  u64,
} from "./layout/layouts.ts";
export * from "./middlebox/addresses.ts";
export * from "./middlebox/config.ts";
export * from "./middlebox/flow.ts";
export * from "./middlebox/middlebox.ts";
export * from "./middlebox/packet.ts";
export * from "./middlebox/port-pool.ts";
export * from "./middlebox/secret.ts";
export * from "./middlebox/state.ts";
export * from "./middlebox/verdict.ts";
