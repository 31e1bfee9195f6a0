/** Flows opened by service and by where they were sent: counted when a flow is decided, and when TCP opens it again. */
import { address, atomic, map, struct, u16, u32, u64 } from "zeta/bpf";
import type { Entry, Family } from "../flow/table.ts";
import { countFlow } from "./traffic.ts";

export const openedKey = struct({ address, service: u32, port: u16 });
export const zeta_node_opened = map.lruHash({ key: openedKey, value: struct({ flows: u64 }), max: 16_384 });

export const countOpened = (family: Family, entry: Entry): void => {
  countFlow(entry.service);
  const { destination, destinationPort } = family.endsOf(entry);
  const key = { address: destination, service: entry.service, port: destinationPort };
  const known = zeta_node_opened.get(key);
  if (known !== null) atomic.add(known, "flows", 1n);
  else zeta_node_opened.set(key, { flows: 1n });
};
