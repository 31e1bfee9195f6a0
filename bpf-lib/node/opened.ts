/** Flows opened by service and by where they were sent: counted when a flow is decided, and when TCP opens it again. */
import {
  type address as Address,
  address,
  atomic,
  map,
  struct,
  type u16 as U16,
  type u32 as U32,
  u16,
  u32,
  u64,
} from "zeta/bpf";
import { countFlow } from "./traffic.ts";

export const openedKey = struct({ address, service: u32, port: u16 });
export const zeta_node_opened = map.lruHash({ key: openedKey, value: struct({ flows: u64 }), max: 16_384 });

export const countOpened = (service: U32, to: Address, toPort: U16): void => {
  countFlow(service);
  const key = { address: to, service, port: toPort };
  const known = zeta_node_opened.get(key);
  if (known !== null) atomic.add(known, "flows", 1n);
  else zeta_node_opened.set(key, { flows: 1n });
};
