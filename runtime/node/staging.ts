/**
 * The config of a version that no packet reaches yet. Its own maps are written at once; what belongs to the node (the
 * addresses it stands behind, where its endpoints are, the record of its generation) waits until it takes over.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { ConfigStore } from "../config/live.ts";
import { NODE_MAP } from "./shapes.ts";
import { admitAll, type NodeState, serviceStore } from "./store.ts";

type Service = NonNullable<Manifest["service"]>;

interface Entry {
  readonly map: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}
/** By map and key. */
type Held = ReadonlyMap<string, Entry>;

export interface Staged<Inner> extends ConfigStore<Inner> {
  /** What the service has, or will have, in the node's maps. */
  readonly held: Held;
  /** @throws ZT8001, ZT8002, ZT8005 when it could not be entered. */
  check(): void;
  /**
   * Before it takes over from `before`: packets will see the listeners of either under its own generation alone, once the node
   * knows the other.
   */
  follow(before: Held, generations: { readonly before: number; readonly now: number }): void;
  /** Enters all of it, takes away what `before` held and this does not, and writes through from now on. */
  publish(before?: Held): void;
  /** Writes nothing through from now on; the entries stay for whoever publishes next. */
  retire(): void;
  /** Takes all of it away. */
  withdraw(): void;
}

const isShared = (map: string): boolean => map === NODE_MAP.listen || map === NODE_MAP.endpoints;
const named = (map: string, key: Uint8Array): string => `${map} ${Buffer.from(key).toString("hex")}`;

/** A listener that names no network listens in the service's own. */
function inNetwork(node: NodeState, vni: number, map: string, key: Uint8Array): Uint8Array {
  return map === NODE_MAP.listen && vni !== 0 ? node.shapes.listenerIn(key, vni) : key;
}

export function staged<Inner>(
  own: ConfigStore<Inner>,
  node: NodeState,
  index: number,
  service: Service,
  vni: number,
): Staged<Inner> {
  const through = serviceStore(own, node, index, service);
  const held = new Map<string, Entry>();
  let live = false;

  /** Never what another service holds. */
  const takeAway = ({ map, key }: Pick<Entry, "map" | "key">): void => {
    const holder = map === NODE_MAP.listen ? node.tables.read(map, key) : null;
    if (holder === null || node.shapes.listenedBy(holder) === index) through.remove(map, key);
  };
  const check = (): void => {
    const of = (wanted: string) => [...held.values()].flatMap(({ map, key }) => (map === wanted ? [key] : []));
    for (const map of [NODE_MAP.listen, NODE_MAP.endpoints]) admitAll(node, index, map, { added: of(map), gone: [] });
  };
  return {
    ...through,
    held,
    switchTo(generation) {
      if (live) through.switchTo(generation);
      else own.switchTo(generation);
    },
    settle() {
      if (live) own.settle();
    },
    admit(map, { added, gone }) {
      const own = (keys: readonly Uint8Array[]) => keys.map((key) => inNetwork(node, vni, map, key));
      through.admit?.(map, { added: own(added), gone: own(gone) });
    },
    write(map, given, value, under) {
      if (!isShared(map)) return own.write(map, given, value, under);
      const key = inNetwork(node, vni, map, given);
      held.set(named(map, key), { map, key, value });
      if (live) through.write(map, key, value, under);
    },
    remove(map, given) {
      if (!isShared(map)) return own.remove(map, given);
      const key = inNetwork(node, vni, map, given);
      held.delete(named(map, key));
      if (live) takeAway({ map, key });
    },
    check,
    follow(before, generations) {
      const only = (entries: Held, others: Held, under: number): void => {
        for (const [name, { map, key, value }] of entries)
          if (map === NODE_MAP.listen && !others.has(name)) through.write(map, key, value, under);
      };
      only(held, before, generations.now);
      only(before, held, generations.before);
    },
    publish(before = new Map()) {
      live = true;
      for (const { map, key, value } of held.values()) through.write(map, key, value);
      for (const [name, entry] of before) if (!held.has(name)) takeAway(entry);
    },
    retire() {
      live = false;
    },
    withdraw() {
      for (const entry of held.values()) takeAway(entry);
      held.clear();
      live = false;
    },
  };
}
