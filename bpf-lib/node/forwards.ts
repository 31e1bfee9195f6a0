import { constant, u32 } from "zeta/bpf";
import type { Call } from "./call.ts";

/** 1 for a forwarder of a cluster (bpf-lib/table/forwarder.ts): the loader sets it. */
export const zeta_forwards = constant(u32, 0);

/** Whether what no service takes is the host's own: outside overlays, and where no other forwarder may know the flow that it answers. */
export const isHostsOwn = (call: Call): boolean => call.vni === 0 && zeta_forwards.value === 0;
