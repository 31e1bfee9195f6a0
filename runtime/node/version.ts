/** One version of a service, loaded and configured, that no packet reaches yet. */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import type { Config, LiveConfig } from "../config/live.ts";
import type { Bundle } from "../loader/bundle.ts";
import { type LoadedObject, type LoadOptions, load, type ObjectWithManifest } from "../loader/load.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { failure, pinnedLayoutDiffers } from "../loader/problems.ts";
import { otherNode } from "./problems.ts";
import { NODE_MAP } from "./shapes.ts";
import { OWN_INDEX } from "./sole.ts";
import { type Staged, staged } from "./staging.ts";
import type { NodeState } from "./store.ts";

export type ServiceManifest = NonNullable<Manifest["service"]>;

export interface Version {
  readonly source: Bundle | ObjectWithManifest;
  readonly manifest: Manifest;
  readonly service: ServiceManifest;
  readonly object: LoadedObject;
  readonly config: LiveConfig;
  readonly store: Staged<MapHandle>;
  /** Unloads it. What it has in the node's maps is withdrawn before. */
  close(): void;
}

export interface VersionOptions {
  readonly config?: Config | "later";
  readonly load?: Pick<LoadOptions, "cpu" | "maps" | "maxEntries" | "constants">;
  readonly index: number;
  readonly vni: number;
  /** Maps of the node, by name: those that it declares are shared. */
  readonly shared: ReadonlyMap<string, MapHandle>;
  /** The config that it follows. */
  readonly before?: LiveConfig;
}

/** Tables that differ here are not pinned ones that went stale: the service is of another version of Zeta than the node. */
async function loadBeside(source: Version["source"], name: string, options: LoadOptions): Promise<LoadedObject> {
  try {
    return await load(source, options);
  } catch (error) {
    if (!(error instanceof ZetaError) || error.code !== pinnedLayoutDiffers.code) throw error;
    const notes = error.problems.map(({ message }) => ({ message, at: null }));
    throw failure({ ...otherNode(null, name), notes }, error);
  }
}

/** @throws whatever `load` throws, ZT6001 to ZT6005 for the config, ZT8001, ZT8106; nothing is left behind. */
export async function prepareVersion(
  source: Bundle | ObjectWithManifest,
  service: ServiceManifest,
  node: NodeState,
  { config: given, load: options, index, vni, shared, before }: VersionOptions,
): Promise<Version> {
  const { manifest } = source;
  // Checking config needs zod, which a program that only reads maps need not wait for.
  const [{ openConfig }, { kernelStore }] = await Promise.all([
    import("../config/live.ts"),
    import("../config/kernel-store.ts"),
  ]);
  const declared = new Set(manifest.maps.map(({ name }) => name));
  const constants = {
    ...options?.constants,
    ...(manifest.globals.some(({ name }) => name === OWN_INDEX) ? { [OWN_INDEX]: index } : {}),
  };
  const maps = Object.fromEntries([...shared].filter(([name]) => declared.has(name)));
  const object = await loadBeside(source, service.name, { ...options, constants, maps: { ...maps, ...options?.maps } });
  try {
    const store = staged(kernelStore(manifest, object), node, index, service, vni);
    const config = openConfig(manifest, store, before);
    if (service.listen === null)
      store.write(NODE_MAP.listen, node.shapes.everything(vni), node.shapes.listening(index));
    if (config.paths.length > 0 && given !== "later") config.set(given ?? {});
    const close = (): void => {
      config.close();
      object.close();
    };
    return { source, manifest, service, object, config, store, close };
  } catch (error) {
    object.close();
    throw error;
  }
}
