/** The programs of services in the jump table of their node: where packets reach them, and what changes when a version takes over. */
import type { DataPlane } from "../cluster/data-plane.ts";
import { waitForPrograms } from "../loader/grace.ts";
import type { LoadedObject } from "../loader/load.ts";
import { remove, update } from "../loader/map-operations.ts";
import { word } from "../loader/word.ts";
import type { ToldService } from "../trace/guarded.ts";
import type { NodeRole } from "./bundle.ts";
import { HOOK, NODE_MAP, programPlace } from "./shapes.ts";
import { announce, type NodeState } from "./store.ts";
import type { Version } from "./version.ts";

type Hook = keyof typeof HOOK;
const HOOKS = Object.keys(HOOK) as readonly Hook[];
/** Generations of config alternate between two places. */
const PARITIES = [0, 1] as const;

/** What a forwarder has for the decide program of every service (bpf-lib/table/consult.ts). */
export const CONSULT = "zeta_consult";

/** Where a service is reached. */
export interface HookPlace {
  readonly index: number;
  readonly vni: number;
}

/** A version of a service at its index. */
export interface PlacedVersion {
  readonly index: number;
  readonly version: Version;
}

export interface Hooks {
  /** Packets reach a version from now on, and no more the one before it. */
  takeOver(place: HookPlace, version: Version, before: Version | null): void;
  /** No packet reaches a version any more. */
  leave(index: number, version: Version): void;
  /** Which versions tell what each of their middleboxes decides, from now on: packets may meet either program. */
  tell(which: (version: Version) => boolean, versions: Iterable<PlacedVersion>): void;
}

export interface HooksOf {
  readonly object: LoadedObject;
  readonly role: NodeRole;
  readonly state: NodeState;
  readonly cluster: DataPlane | null;
}

export function hooksOf({ object, role, state, cluster }: HooksOf): Hooks {
  let telling: (version: Version) => boolean = () => false;

  /** For generations of this lowest bit. */
  const set = (index: number, hook: Hook, generation: number, fd: number | null): void => {
    const key = word(programPlace(index, hook, generation));
    if (fd === null) remove(object.map(NODE_MAP.programs), key);
    else update(object.map(NODE_MAP.programs), key, word(fd));
  };
  const programOf = (version: Version | null, hook: Hook): number | null => {
    const own = version?.service[hook] ?? null;
    const name = (version !== null && hook === "decide" && telling(version) ? version.service.told : null) ?? own;
    if (version === null || name === null) return null;
    // A forwarder decides nothing: whoever keeps the flow does.
    return role === "forwarder" && hook === "decide" ? object.program(CONSULT).fd : version.object.program(name).fd;
  };

  return {
    /**
     * Programs first, then the record that leads to them, then the addresses; nothing leads to a slot that is emptied. Each version's
     * stand where its generation leads. Where one has none, the other's do: a packet may have read half of either's record.
     */
    takeOver({ index, vni }, version, before) {
      for (const hook of HOOKS) {
        const [next, last] = [programOf(version, hook), programOf(before, hook)];
        set(index, hook, version.config.generation, next ?? last);
        set(index, hook, version.config.generation + 1, last ?? next);
      }
      const now = version.config.generation;
      cluster?.service(index, version.service, vni);
      if (before !== null) version.store.follow(before.store.held, { before: before.config.generation, now });
      announce(state, index, version.service, now);
      before?.store.retire();
      // Packets that are under way may still be between the old version's programs, and see its addresses.
      waitForPrograms();
      version.store.publish(before?.store.held);
      for (const hook of HOOKS) for (const parity of PARITIES) set(index, hook, parity, programOf(version, hook));
    },

    leave(index, version) {
      version.store.withdraw();
      // Packets that are under way still find the programs; then nobody does.
      waitForPrograms();
      for (const hook of HOOKS) for (const parity of PARITIES) set(index, hook, parity, null);
      update(object.map(NODE_MAP.services), word(index), state.shapes.noRecord());
      cluster?.withdraw(index);
    },

    tell(which, versions) {
      telling = which;
      for (const { index, version } of versions)
        for (const parity of PARITIES) set(index, "decide", parity, programOf(version, "decide"));
    },
  };
}

/** What a trace needs of a version that can tell; null of another. */
export function toldService({ index, version: { service, object } }: PlacedVersion): ToldService | null {
  const { told, decide } = service;
  if (told == null || decide === null) return null;
  const places = PARITIES.map((parity) => programPlace(index, "decide", parity));
  return { places, told: object.program(told), decide: object.program(decide) };
}
