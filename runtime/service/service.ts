/**
 * A service, live: loaded, configured, attached. What `zeta run` does, for programs that embed Zeta.
 *
 * ```ts
 * const built = await compile("service.ts");
 * if (!built.ok) throw new ZetaError(built.problems);
 * await using service = await startService(built, { interfaces: ["eth1"], config });
 * service.config.set("acl.perSecond", 500);
 * console.log(service.counters(), service.drops());
 * ```
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { throwIfAborted } from "../attach/abort.ts";
import type { Attachment } from "../attach/attach.ts";
import { openRun, type Run } from "../attach/runs.ts";
import type { Config, LiveConfig } from "../config/live.ts";
import { notAService } from "../config/problems.ts";
import type { Bundle } from "../loader/bundle.ts";
import type { LoadedObject, LoadOptions, ObjectWithManifest } from "../loader/load.ts";
import { failure, nameUnknown } from "../loader/problems.ts";
import type { XdpMode } from "../loader/xdp.ts";
import { type EventOptions, type EventStream, events } from "../maps/events.ts";
import { attachAll, type ServiceInterface } from "../node/attach.ts";
import { type Node, type NodeService, openNode } from "../node/node.ts";

export type { ServiceInterface } from "../node/attach.ts";

import { counts, dropCounts, dropsOf, lostCount, nodeDropCounts, readAll } from "./counts.ts";
import { countFlows, openedFlows } from "./flows.ts";
import { type FlowEvent, lifecycle } from "./lifecycle.ts";
import { setShare } from "./shares.ts";

/** A bundle, an object with its manifest, or what `compile` gave. */
export type ServiceSource =
  | Bundle
  | ObjectWithManifest
  | { readonly manifest: Manifest; readonly code: { readonly object: Uint8Array } };

export interface StartServiceOptions {
  /** Where packets come in. A flow's two directions may use different ones. */
  readonly interfaces: readonly (string | number | ServiceInterface)[];
  /** For interfaces that do not say; native unless told. */
  readonly mode?: XdpMode;
  /** For interfaces that do not say; this process's own unless told. */
  readonly namespace?: string;
  /** Every field of the service: in place before the first packet. */
  readonly config?: Config;
  /** Keeps the service running when this process ends, until `detach` or `zeta detach`. */
  readonly pin?: boolean;
  /** State folder in which the run is noted, so that `zeta ps` finds it. */
  readonly state?: string;
  readonly load?: Pick<LoadOptions, "cpu" | "maps" | "maxEntries" | "constants">;
  /** Gives it up, with nothing left behind, when it is aborted before all is attached; afterwards it means nothing. */
  readonly signal?: AbortSignal;
}

export interface Service {
  readonly name: string;
  readonly manifest: Manifest;
  readonly object: LoadedObject;
  readonly attachments: readonly Attachment[];
  /** The run's name in `zeta ps`. */
  readonly run: string;
  readonly config: LiveConfig;
  /** Counters and meters by path: `{ "acl.allowed": 12n, "acl.traffic.bytes": 840n }`. */
  counters(): Record<string, bigint>;
  /**
   * Dropped packets by reason: `{ "acl: not allowed": 3n }`. The service's own reasons are always there; those of the node
   * ("service: table full") where there was one.
   */
  drops(): Record<string, bigint>;
  /** A stream of the events of a field ("watch.seen"), or of the only one. One consumer each. @throws ZT4015. */
  events<T = unknown>(path?: string, options?: Pick<EventOptions, "signal">): EventStream<T>;
  /**
   * Flows as they open and close, from those that stand now: what a mapping log is made of. Costs nothing while nobody
   * listens; one reader per node. See runtime/service/lifecycle.ts for what is told more than once, and what may be lost.
   */
  lifecycle(options?: Pick<EventOptions, "signal">): AsyncGenerator<FlowEvent, undefined>;
  /**
   * This node's part, from 0 to 1, of a limit that is the service's as a whole (`scope: "service"`). @throws ZT4015.
   */
  share(limit: string, part: number): void;
  /** Flows that are remembered now; counted by walking them. */
  flows(): number;
  /** Flows opened so far by where they were sent: `{ "10.2.0.1:8080": 17n }`. The least recently used may be forgotten. */
  opened(): Record<string, bigint>;
  /** Takes it off every interface, and unloads it. Safe to call twice. */
  detach(): Promise<void>;
  /** Lets go: a pinned service goes on, any other is detached. */
  close(): Promise<void>;
  /** `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const loadable = (source: ServiceSource): Bundle | ObjectWithManifest =>
  "code" in source ? { object: source.code.object, manifest: source.manifest } : source;

/**
 * Loads a service, gives it its config, and attaches it: all of it, or nothing stays behind.
 * @throws ZetaError: ZT6007 for what is no service, ZT6001 to ZT6005 for its config, and whatever `load` and `attach` throw.
 * The reason of `signal`, when that is aborted.
 */
export async function startService(source: ServiceSource, options: StartServiceOptions): Promise<Service> {
  const { manifest } = source;
  const { service } = manifest;
  if (service === null) throw failure(notAService(null, manifest.name));
  const { cpu } = options.load ?? {};
  const node = await openNode({ load: { name: service.name, ...(cpu === undefined ? {} : { cpu }) } });
  let run: Run | null = null;
  try {
    await throwIfAborted(options.signal);
    const added = await node.add(loadable(source), {
      ...(options.config === undefined ? {} : { config: options.config }),
      ...(options.load === undefined ? {} : { load: options.load }),
    });
    await throwIfAborted(options.signal);
    run = openRun({ service: service.name, ...(options.state === undefined ? {} : { state: options.state }) });
    const attachments = await attachAll(node, run, options);
    return liveService({ service, node, added, run, attachments, pinned: options.pin === true });
  } catch (error) {
    node.close();
    await run?.close();
    throw error;
  }
}

interface Parts {
  readonly service: NonNullable<Manifest["service"]>;
  readonly node: Node;
  readonly added: NodeService;
  readonly run: Run;
  readonly attachments: readonly Attachment[];
  readonly pinned: boolean;
}

function liveService({ service, node, added, run, attachments, pinned }: Parts): Service {
  const { manifest, object, config } = added;
  const counted = counts(service, object.maps);
  const dropped = dropCounts(service, object.maps);
  const droppedByNode = nodeDropCounts(node, added.index);
  const streams = service.state.filter(({ kind }) => kind === "events");
  let open = true;
  const detach = async (): Promise<void> => {
    if (!open) return;
    open = false;
    try {
      for (const attachment of attachments) await attachment.detach();
    } finally {
      node.close();
      await run.close();
    }
  };
  const close = async (): Promise<void> => {
    if (!pinned) return detach();
    if (!open) return;
    open = false;
    for (const attachment of attachments) attachment.close();
    node.leave();
  };
  return {
    name: service.name,
    manifest,
    object,
    attachments,
    run: run.id,
    config,
    counters: () => readAll(counted),
    drops: () => dropsOf(dropped, droppedByNode),
    events<T>(path?: string, given: Pick<EventOptions, "signal"> = {}): EventStream<T> {
      const paths = streams.map((stream) => stream.path);
      const stream = path === undefined && streams.length === 1 ? streams[0] : streams.find((one) => one.path === path);
      if (stream?.value == null) throw failure(nameUnknown(null, "event stream", path ?? "", paths));
      const lost = lostCount(service, stream.path, object.maps);
      return events(object.map(stream.map), stream.value, {
        ...given,
        ...(lost === null ? {} : { lost }),
      }) as EventStream<T>;
    },
    lifecycle: (given = {}) => lifecycle(node, added.index, service.name, given),
    share: (limit, part) => setShare(service, object.maps, limit, part),
    flows: () => countFlows(node, added.index),
    opened: () => openedFlows(node, added.index),
    detach,
    close,
    [Symbol.asyncDispose]: close,
  };
}
