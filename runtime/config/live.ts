/**
 * The config of a service that is loaded, on any target. A change is checked as a whole, built aside, and then switched
 * to in one step: packets see all of the old config or all of the new one.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { type Entries, eachEntry } from "./entries.ts";
import { foldedIn } from "./folded-fields.ts";
import { type MapContent, type Plan, planOf, slotsOf } from "./plan.ts";
import { presentField } from "./present.ts";
import { splitPath } from "./schema.ts";
import { type SecretContent, successor } from "./secret.ts";
import { type Validated, validatorOf } from "./validate.ts";

/** Keys of entries that come, and of those that go. */
export interface Admitted {
  readonly added: readonly Uint8Array[];
  readonly gone: readonly Uint8Array[];
}

/** Where a loaded service's config lies. `Inner` is a target's handle of an inner map. */
export interface ConfigStore<Inner> {
  /** A new inner map of the shape that `outer` declares, with these entries. Throws without leaving one behind. */
  make(outer: string, entries: Entries): Inner;
  put(outer: string, slot: number, inner: Inner): void;
  /** Lets go of the handle: the map lives on while an outer map holds it. */
  release(inner: Inner): void;
  /** Bytes that it takes; a target that does not know leaves this out. */
  memoryOf?(inner: Inner): number;
  writeScalars(offset: number, bytes: Uint8Array): void;
  /** One aligned store: the moment at which the other slot begins to serve. */
  switchTo(generation: number): void;
  /** Returns when no packet is under way any more that began before the call. */
  settle(): void;
  /** Throws when entries cannot come into a map without slots, and others go; asked before anything is changed. */
  admit?(map: string, entries: Admitted): void;
  /**
   * Single entries of maps that have no slots. `under`: which packets see it, of the service's addresses, while one config
   * follows another: those that see the config of this generation.
   */
  write(map: string, key: Uint8Array, value: Uint8Array, under?: number): void;
  remove(map: string, key: Uint8Array): void;
}

/** `{ acl: { rules: … }, service: { listen: … } }`. */
export type Config = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface LiveConfig {
  /** Every field's path. */
  readonly paths: readonly string[];
  /** Counts the changes. Flows that were decided under an older one are asked whether they still hold. */
  readonly generation: number;
  /**
   * What serves, as JSON can say it (64-bit numbers beyond 2^53 as text, addresses and prefixes as text). Fields never set
   * are left out.
   */
  get(): Config;
  get(path: string): unknown;
  /** Replaces the whole config, or one field. @throws ZetaError ZT6001 to ZT6005; the config from before still serves. */
  set(config: Config): void;
  set(path: string, value: unknown): void;
  /** Bytes of memory that the tables take which serve. While one is replaced, the next is there too. */
  memory(): number;
  /** Takes the entries away that lie in maps of the node: the service's addresses and endpoints. */
  clear(): void;
  /** Lets go of what it holds; the service keeps the config that serves. */
  close(): void;
}

/** Of a map without slots. */
interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}
/** All that such a map is to hold, and where that differs from what it holds. */
interface Change {
  readonly map: string;
  readonly next: ReadonlyMap<string, Entry>;
  readonly gone: readonly Entry[];
  readonly added: readonly Entry[];
}

/** Applies plans to a store; the bookkeeping of generations and slots. `following`: a version's before this one was the last. */
function switcher<Inner>(manifest: Manifest, store: ConfigStore<Inner>, first: number, following: boolean) {
  const slots = slotsOf(manifest);
  let scalars = new Uint8Array(slots.size);
  /** Entries of maps without slots, by map and by their keys' bytes in hexadecimal. */
  const direct = new Map<string, ReadonlyMap<string, Entry>>();
  let generation = first;
  /** Whether the number is already that of the config to come: no packet has seen the version before it was set. */
  let fresh = following;
  /** The inner map that serves, by outer map: both slots hold it, except during a change. */
  const serving = new Map<string, Inner>();

  const makeAll = ({ maps }: Plan): ReadonlyMap<string, Inner> => {
    const made = new Map<string, Inner>();
    try {
      for (const { map, entries } of maps) made.set(map, store.make(map, entries));
      return made;
    } catch (error) {
      for (const inner of made.values()) store.release(inner);
      throw error;
    }
  };

  const takeBack = (slot: number, made: ReadonlyMap<string, Inner>): void => {
    for (const [map, inner] of made) {
      const before = serving.get(map);
      if (before !== undefined) store.put(map, slot, before);
      store.release(inner);
    }
  };
  /** Puts all of them into the slot that does not serve, or none. */
  const putAll = (slot: number, made: ReadonlyMap<string, Inner>): void => {
    try {
      for (const [map, inner] of made) store.put(map, slot, inner);
    } catch (error) {
      takeBack(slot, made);
      throw error;
    }
  };

  const changeOf = ({ map, entries }: MapContent): Change => {
    const before = direct.get(map) ?? new Map<string, Entry>();
    const next = new Map<string, Entry>();
    for (const { key, value } of eachEntry(entries)) next.set(Buffer.from(key).toString("hex"), { key, value });
    const gone = [...before].flatMap(([name, entry]) => (next.has(name) ? [] : [entry]));
    const added = [...next].flatMap(([name, entry]) => (before.has(name) ? [] : [entry]));
    return { map, next, gone, added };
  };

  /** Those that come are there for packets of the next config only, those that go for packets of this one; or nothing is changed. */
  const overlap = ({ map, gone, added }: Change, next: number): void => {
    const entered: Entry[] = [];
    try {
      for (const entry of added) {
        store.write(map, entry.key, entry.value, next);
        entered.push(entry);
      }
      for (const { key, value } of gone) store.write(map, key, value, generation);
    } catch (error) {
      for (const { key, value } of gone) store.write(map, key, value);
      for (const { key } of entered) store.remove(map, key);
      throw error;
    }
  };
  /** When no packet of the config before is under way any more. */
  const finish = ({ map, gone, added, next }: Change): void => {
    for (const { key } of gone) store.remove(map, key);
    for (const { key, value } of added) store.write(map, key, value);
    direct.set(map, next);
  };
  /** At once: those that go make room first, since the map may be full of them. */
  const replace = ({ map, gone, next }: Change): void => {
    for (const { key } of gone) store.remove(map, key);
    for (const { key, value } of next.values()) store.write(map, key, value);
    direct.set(map, next);
  };

  return {
    get generation() {
      return generation;
    },
    apply(plan: Plan): void {
      const changes = plan.direct.map(changeOf);
      const keysOf = (entries: readonly Entry[]) => entries.map(({ key }) => key);
      for (const { map, added, gone } of changes) store.admit?.(map, { added: keysOf(added), gone: keysOf(gone) });
      const addresses = changes.filter(({ map }) => map === manifest.service?.listen);
      const made = makeAll(plan);
      const next = fresh ? generation : (generation + 1) >>> 0;
      const slot = next & 1;
      putAll(slot, made);
      try {
        for (const change of addresses) overlap(change, next);
      } catch (error) {
        takeBack(slot, made);
        throw error;
      }
      const content = scalars.slice();
      for (const { offset, bytes } of plan.scalars) content.set(bytes, offset);
      if (slots.size > 0) store.writeScalars(slots.offset + slot * slots.size, content);
      store.switchTo(next);
      generation = next;
      fresh = false;
      scalars = content;
      // The other slot is free once the packets that began under it are through. Maps that the next change leaves
      // alone must be found there too.
      store.settle();
      for (const [map, inner] of made) {
        store.put(map, slot ^ 1, inner);
        const before = serving.get(map);
        if (before !== undefined) store.release(before);
        serving.set(map, inner);
      }
      // Packets of a version before this one, which are of another number, must find all of it too.
      if (slots.size > 0) store.writeScalars(slots.offset + (slot ^ 1) * slots.size, content);
      for (const change of changes) {
        if (addresses.includes(change)) finish(change);
        else replace(change);
      }
    },
    memory: (): number => [...serving.values()].reduce((sum, inner) => sum + (store.memoryOf?.(inner) ?? 0), 0),
    clear(): void {
      for (const [map, entries] of direct) for (const { key } of entries.values()) store.remove(map, key);
      direct.clear();
    },
    close(): void {
      for (const inner of serving.values()) store.release(inner);
      serving.clear();
    },
  };
}

/** Secrets that serve, by path: known to a config that follows, and to nobody else. */
const secretsOf = new WeakMap<LiveConfig, () => ReadonlyMap<string, unknown>>();

/**
 * `before` is the config of the version that this one follows: generations go on from its own, so that flows which were
 * decided under it are asked about, and secrets that are left out stay as they are.
 */
export function openConfig<Inner>(manifest: Manifest, store: ConfigStore<Inner>, before?: LiveConfig): LiveConfig {
  const validator = validatorOf(manifest);
  const first = before === undefined ? 0 : (before.generation + 1) >>> 0;
  const switching = switcher(manifest, store, first, before !== undefined);
  if (before !== undefined) store.switchTo(first);
  const secrets = new Set(
    (manifest.service?.config ?? []).flatMap(({ kind, path }) => (kind === "secret" ? [path] : [])),
  );
  const secretContent = (from: ReadonlyMap<string, unknown>) => [...from].filter(([path]) => secrets.has(path));
  /** What serves, by path: the encoded form, which is small and which nobody else can change. */
  const serving = new Map<string, unknown>([
    ...foldedIn(manifest),
    ...secretContent(before === undefined ? new Map() : (secretsOf.get(before)?.() ?? new Map())),
  ]);
  const succeeding = (path: string, next: unknown): unknown =>
    secrets.has(path) ? successor(next as SecretContent, serving.get(path) as SecretContent | undefined) : next;

  const accept = (validated: Validated): void => {
    if (!validated.ok) throw new ZetaError(validated.problems);
    const content = new Map([...validated.content].map(([path, next]) => [path, succeeding(path, next)]));
    switching.apply(planOf(manifest, content));
    for (const [path, next] of content) serving.set(path, next);
  };
  const valueOfPath = (path: string): unknown =>
    serving.has(path) ? presentField(manifest, path, serving.get(path)) : undefined;
  const whole = (): Config => {
    const parts: Record<string, Record<string, unknown>> = {};
    for (const path of serving.keys()) {
      const [part, field] = splitPath(path);
      const value = valueOfPath(path);
      if (value !== undefined) parts[part] = { ...parts[part], [field]: value };
    }
    return parts;
  };

  const config: LiveConfig = {
    paths: validator.paths,
    get generation() {
      return switching.generation;
    },
    get: (path?: string): Config => (path === undefined ? whole() : valueOfPath(path)) as Config,
    set: (first: Config | string, value?: unknown) =>
      accept(typeof first === "string" ? validator.field(first, value) : validator.whole(first)),
    memory: switching.memory,
    clear: switching.clear,
    close: switching.close,
  };
  secretsOf.set(config, () => new Map(secretContent(serving)));
  return config;
}
