/** The services of a node: added, upgraded and removed while packets go on; each change is whole, or has not been. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { withoutFolded } from "../config/folded-fields.ts";
import { notAService } from "../config/problems.ts";
import type { Bundle } from "../loader/bundle.ts";
import type { LoadedObject, ObjectWithManifest } from "../loader/load.ts";
import { failure } from "../loader/problems.ts";
import type { AddOptions, NodeService, UpgradeOptions } from "./api.ts";
import type { CanaryPlace, Trial } from "./canaries.ts";
import { carryOf } from "./carry.ts";
import { countedBefore } from "./counted.ts";
import type { Hooks, PlacedVersion } from "./hooks.ts";
import { noSuchService, serviceChanged, serviceExists, tooManyServices } from "./problems.ts";
import { isNodeMap } from "./shapes.ts";
import type { NodeState } from "./store.ts";
import { prepareVersion, type ServiceManifest, type Version } from "./version.ts";

const LOOPBACK: CanaryPlace = { interface: 1, namespace: null };

/** What services need of their node. */
export interface Host {
  readonly object: LoadedObject;
  readonly state: NodeState;
  readonly hooks: Hooks;
  readonly indices: Indices;
  /** Whoever has the index next must not be taken for the one that decided its flows. */
  readonly forgetFlows: (index: number) => void;
  /** Makes a change with packets coming in by the root meanwhile. */
  readonly changing: <T>(change: () => T) => T;
}

type Place = Pick<NodeService, "name" | "index" | "vni" | "upgrades" | "counted">;

/** Who has which index of the node's tables; none has 0, which is the node's own. */
export class Indices {
  readonly #names: (string | undefined)[] = ["the node"];
  readonly #most: number;

  /** @param most one more than the greatest */
  constructor(most: number) {
    this.#most = most;
  }

  nameOf = (index: number): string => this.#names[index] ?? `service ${index}`;

  /** @throws ZetaError: ZT8004 when the name is taken, ZT8003 when no index is left. */
  take(name: string): number {
    if (this.#names.indexOf(name, 1) > 0) throw failure(serviceExists(null, name));
    for (let index = 1; index < this.#most; index++) {
      if (this.#names[index] !== undefined) continue;
      this.#names[index] = name;
      return index;
    }
    throw failure(tooManyServices(null, this.#most - 1));
  }

  free(index: number): void {
    this.#names[index] = undefined;
  }
}

function serviceOf(manifest: Manifest): ServiceManifest {
  if (manifest.service === null) throw failure(notAService(null, manifest.name));
  return manifest.service;
}

/** @throws ZetaError: ZT8105 when the new version treats a packet otherwise than expected. */
async function tryCanaries(
  { canaries = [], canaryPlace = LOOPBACK }: UpgradeOptions,
  trial: Omit<Trial, "place">,
): Promise<void> {
  if (canaries.length === 0) return;
  const { refuseByCanaries } = await import("./canaries.ts");
  await refuseByCanaries(canaries, { place: canaryPlace, ...trial });
}

export class Services {
  /** By name. */
  readonly all = new Map<string, NodeService>();
  readonly #versions = new Map<string, Version>();
  readonly #host: Host;
  #isClosing = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The versions that serve. */
  placed = (): readonly PlacedVersion[] =>
    [...this.#versions].map(([name, version]) => ({ index: this.all.get(name)?.index ?? 0, version }));

  /** Maps that all services share with the node. */
  get #shared() {
    return new Map([...this.#host.object.maps].filter(([name]) => isNodeMap(name)));
  }

  async add(given: Bundle | ObjectWithManifest, added: AddOptions = {}): Promise<NodeService> {
    const { indices, hooks, state, changing } = this.#host;
    const service = serviceOf(given.manifest);
    const name = added.name ?? service.name;
    const vni = added.vni ?? 0;
    const index = indices.take(name);
    try {
      const version = await prepareVersion(given, service, state, { ...added, index, vni, shared: this.#shared });
      return changing(() => {
        try {
          version.store.check();
          hooks.takeOver({ index, vni }, version, null);
        } catch (error) {
          hooks.leave(index, version);
          version.close();
          throw error;
        }
        return this.#serve({ name, index, vni, upgrades: 0, counted: {} }, version);
      });
    } catch (error) {
      indices.free(index);
      throw error;
    }
  }

  async upgrade(name: string, given: Bundle | ObjectWithManifest, wanted: UpgradeOptions = {}): Promise<NodeService> {
    const current = this.all.get(name);
    const before = this.#versions.get(name);
    if (current === undefined || before === undefined) throw failure(noSuchService(null, name, [...this.all.keys()]));
    const { index, vni } = current;
    const service = serviceOf(given.manifest);
    const carry = carryOf(
      { service: before.service, maps: before.manifest.maps },
      { service, maps: given.manifest.maps },
    );
    if (carry.differing.length > 0 && wanted.freshState !== true) throw new ZetaError(carry.differing);
    const maps = Object.fromEntries([...carry.maps].map(([to, from]) => [to, before.object.map(from)]));
    const { generation } = before.config;
    // What the new version has folded comes with its programs.
    const running = withoutFolded(given.manifest, before.config.get());
    await tryCanaries(wanted, {
      vni,
      before: { source: before.source, config: running },
      after: { source: given, config: wanted.config ?? running },
    });
    const version = await prepareVersion(given, service, this.#host.state, {
      index,
      vni,
      shared: this.#shared,
      config: wanted.config ?? (Object.keys(running).length === 0 ? "later" : running),
      before: before.config,
      load: { ...wanted.load, maps },
    });
    return this.#host.changing(() => {
      try {
        // Config that was set meanwhile would be undone by what was carried over.
        if (this.#versions.get(name) !== before || before.config.generation !== generation)
          throw failure(serviceChanged(null, name));
        this.#replace(current, version, before);
      } catch (error) {
        version.close();
        throw error;
      }
      const counted = countedBefore(current, carry);
      const one = this.#serve({ name, index, vni, upgrades: current.upgrades + 1, counted }, version);
      before.close();
      return one;
    });
  }

  /** Removes all, whose flows end with their node. */
  close(): void {
    this.#isClosing = true;
    for (const service of [...this.all.values()]) service.remove();
  }

  #serve(place: Place, version: Version): NodeService {
    const { manifest, object, config } = version;
    const one: NodeService = { ...place, manifest, object, config, remove: () => this.#remove(place, version) };
    this.#versions.set(place.name, version);
    this.all.set(place.name, one);
    return one;
  }

  #remove({ name, index }: Place, version: Version): void {
    if (this.#versions.get(name) !== version) return;
    const { changing, hooks, indices, forgetFlows } = this.#host;
    changing(() => {
      hooks.leave(index, version);
      if (!this.#isClosing) forgetFlows(index);
      version.close();
      this.#versions.delete(name);
      this.all.delete(name);
      indices.free(index);
    });
  }

  /** One after the other, or the other stays. */
  #replace(place: NodeService, version: Version, before: Version): void {
    const { hooks } = this.#host;
    version.store.check();
    try {
      hooks.takeOver(place, version, before);
    } catch (error) {
      hooks.takeOver(place, before, version);
      throw error;
    }
  }
}
