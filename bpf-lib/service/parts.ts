/** What the compiler hands to `serve`: a service's middleboxes and sizes, all known while compiling. */
import type { DecidedFlow, Decision, Flow, Packet, PendingFlow, Verdict } from "zeta";
import type { OpenPool } from "../config/port-pool.ts";
import type { OpenBinding } from "../state/binding.ts";

export interface Box {
  readonly name: string;
  /** Its filter sees replies too. */
  readonly both: boolean;
  readonly filter: ((packet: Packet, own: unknown) => Verdict) | null;
  readonly decide: ((flow: Flow, own: unknown) => Decision) | null;
  readonly complete: ((flow: PendingFlow, own: unknown) => Decision) | null;
  readonly holds: ((flow: DecidedFlow, own: unknown) => boolean) | null;
}

export interface ServiceParts {
  readonly boxes: readonly Box[];
  /** Every IP packet is the service's, not only those to its addresses. */
  readonly listensToAll: boolean;
  readonly decides: boolean;
  /** How many flows are remembered. */
  readonly flows: number;
}

/** A middlebox's config and state, opened: what its hooks take, and what the commit of its decisions needs. */
export interface Own {
  readonly pools: readonly OpenPool[];
  readonly bindings: readonly OpenBinding<unknown, unknown>[];
}

/** A service as it handles one packet: its config and state opened, under one generation of the config. */
export interface Session {
  readonly boxes: readonly (Box & { readonly own: Own })[];
  readonly generation: number;
}
