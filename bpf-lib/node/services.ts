/** The services of a node, by index. Index 0 is the node itself: it counts what belongs to no service. */
import { map, struct, u32 } from "zeta/bpf";

export const MOST_SERVICES = 1024;
export const NODE = 0;

/** What a service's filters see: bits of `sees`. */
export const Sees = { Client: 1, Replies: 2 } as const;

export const serviceRecord = struct({
  /** Of the config that serves; flows that were decided under another are asked about. */
  generation: u32,
  /** Bits of `Sees`. */
  sees: u32,
  /** Whether it decides: a service of filters alone lets its packets go to the host. */
  decides: u32,
});
export const zeta_node_services = map.array({ value: serviceRecord, max: MOST_SERVICES });

/** A service's programs stand side by side in the jump table: each twice, for generations that are even and for odd ones. */
export const Hook = { Filter: 0, Decide: 1 } as const;
const HOOKS = 2;
const PARITIES = 2;
export const zeta_node_programs = map.programs({ max: MOST_SERVICES * HOOKS * PARITIES });

/** Goes on in a service's program, of the version that has this generation; comes back only when there is none. */
export const enterService = (service: u32, hook: u32, generation: u32): void =>
  zeta_node_programs.call((service * HOOKS + hook) * PARITIES + (generation & 1));
