import { constant, u32 } from "zeta/bpf";

/** 1 for a forwarder of a cluster (bpf-lib/table/forwarder.ts): the loader sets it. */
export const zeta_forwards = constant(u32, 0);
