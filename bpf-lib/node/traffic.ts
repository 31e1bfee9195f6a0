/** What each service's packets add up to, by index: counted where the service is found, before its filters. */
import { map, struct, type u32, u64 } from "zeta/bpf";
import { MOST_SERVICES } from "./services.ts";

export const traffic = struct({
  packets: u64,
  /** Whole frames, as they came. */
  bytes: u64,
  /** Flows that were decided, and TCP connections that opened again. */
  opened: u64,
});
export const zeta_node_traffic = map.perCpuArray({ value: traffic, max: MOST_SERVICES });

export const countTraffic = (service: u32, bytes: u32): void => {
  const share = zeta_node_traffic.at(service);
  if (share === null) return;
  share.packets += 1n;
  share.bytes += u64(bytes);
};

export const countFlow = (service: u32): void => {
  const share = zeta_node_traffic.at(service);
  if (share !== null) share.opened += 1n;
};
