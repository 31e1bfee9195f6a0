/** Flows opened by where they were sent: counted when a flow is decided, and when TCP opens it again. */
import { atomic, map, type Of, struct, u64 } from "zeta/bpf";
import { endpointWords } from "../flow/entry.ts";

export const zeta_opened = map.lruHash({ key: endpointWords, value: struct({ flows: u64 }), max: 16_384 });

export const countOpened = (destination: Of<typeof endpointWords>): void => {
  const known = zeta_opened.get(destination);
  if (known !== null) atomic.add(known, "flows", 1n);
  else zeta_opened.set(destination, { flows: 1n });
};
