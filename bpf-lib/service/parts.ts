/** What the compiler hands to a service's programs: its middleboxes, all known while compiling. */
import type { Completion, DecidedFlow, Decision, Flow, Packet, PendingFlow, Verdict } from "zeta";
import { openOwn } from "../../sdk/middlebox/internal.ts";
import type { OpenPool } from "../config/port-pool.ts";
import type { OpenBinding } from "../state/binding.ts";

export interface Box {
  readonly name: string;
  /** Its place in the chain. */
  readonly index: number;
  /** Its filter sees replies too. */
  readonly both: boolean;
  readonly filter: ((packet: Packet, own: unknown) => Verdict) | null;
  readonly decide: ((flow: Flow, own: unknown) => Decision) | null;
  readonly complete: ((flow: PendingFlow, own: unknown) => Completion) | null;
  readonly holds: ((flow: DecidedFlow, own: unknown) => boolean) | null;
}

export interface ServiceParts {
  readonly boxes: readonly Box[];
  readonly decides: boolean;
  /** Whether its decisions may bind anything. */
  readonly binds: boolean;
  /** Whether any of its middleboxes has a port pool. */
  readonly pools: boolean;
  /** One of them has a `complete` hook. */
  readonly waits: boolean;
  /** Whether this program tells what each of them decides: it stands in the other's place while somebody traces. */
  readonly tells: boolean;
}

/** A middlebox's config and state, opened: what its hooks take, and what the commit of its decisions needs. */
export interface Own {
  readonly pools: readonly OpenPool[];
  readonly bindings: readonly OpenBinding<unknown, unknown>[];
}

export type Opened = Box & { readonly own: Own };

/** A service as it handles one packet: its config and state opened, under one generation of the config. */
export interface Session {
  readonly boxes: readonly Opened[];
  readonly waits: boolean;
  readonly tells: boolean;
  readonly generation: number;
}

/** Which of a service's filter programs it is: the only one, unless each middlebox has its own (`filters: "tail-calls"`). */
export interface Link {
  /** Where `zeta_chain` holds the next; null for the last. */
  readonly next: number | null;
}

/**
 * Opens every middlebox once. A packet sees one generation of the config only: that under which its service was found, whichever
 * of the service's programs it comes to.
 */
export const start = (service: ServiceParts, generation: number): Session => {
  const boxes = service.boxes.map((box) => ({ ...box, own: openOwn(box, generation & 1) as Own }));
  return { generation, boxes, waits: service.waits, tells: service.tells };
};
