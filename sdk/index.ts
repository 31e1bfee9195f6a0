/** The middlebox layer, `zeta`: what authors of services use. */
export type { Cursor } from "./bpf/frame.ts";
export { Protocol } from "./headers/ip.ts";
export { IcmpType, Icmpv6Type, TcpOption } from "./headers/transport.ts";
export * from "./layout/layouts.ts";
export * from "./middlebox/addresses.ts";
export * from "./middlebox/config.ts";
export * from "./middlebox/flow.ts";
export * from "./middlebox/middlebox.ts";
export * from "./middlebox/packet.ts";
export * from "./middlebox/port-pool.ts";
export * from "./middlebox/secret.ts";
export * from "./middlebox/state.ts";
export * from "./middlebox/verdict.ts";
