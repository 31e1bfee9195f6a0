/**
 * A node as a process of its own: programs on interfaces, a socket to ask it by, and nothing left when it ends.
 *
 * ```ts
 * await using node = await startNode({ interfaces: ["eth1", "eth2"] });
 * await node.ended;
 * ```
 */

import { rmSync } from "node:fs";
import { throwIfAborted } from "../attach/abort.ts";
import type { Attachment } from "../attach/attach.ts";
import { cleanRun, openRun, type Run } from "../attach/runs.ts";
import { type NodeAgent, nodeAgentOf } from "../cluster/node-agent.ts";
import type { Times, TimesConfig } from "../cluster/time.ts";
import type { XdpMode } from "../loader/xdp.ts";
import { attachAll, type ServiceInterface } from "../node/attach.ts";
import type { NodeRole } from "../node/bundle.ts";
import { type Node, openNode } from "../node/node.ts";
import { censusOf } from "./census.ts";
import { claim } from "./claim.ts";
import { withKeptNetworks } from "./kept-networks.ts";
import { type MetricsServer, serveMetrics } from "./metrics-server.ts";
import type { Served } from "./routes.ts";
import type { NodeStatus } from "./status.ts";

export interface StartNodeOptions {
  /** Where packets come in. */
  readonly interfaces: readonly (string | number | ServiceInterface)[];
  /** For interfaces that do not say; native unless told. */
  readonly mode?: XdpMode;
  /** For interfaces that do not say; this process's own unless told. */
  readonly namespace?: string;
  /** The state folder: one node each. */
  readonly state?: string;
  /** How many flows each family's table has room for. */
  readonly flows?: number;
  /** What the node is in a cluster: "single", in none, unless told. */
  readonly role?: NodeRole;
  /** The times of its cluster, the same on all nodes; those that are left out are as they are told usually. */
  readonly times?: Partial<TimesConfig>;
  /**
   * Leaves the data plane running, pinned, when the node is closed or killed, until `zeta detach`; and keeps what the node was
   * told of its networks and quotas in the state folder, for the node that starts there next.
   */
  readonly keep?: boolean;
  /** Where Prometheus may ask: "127.0.0.1:9464", or the path of a UNIX socket. */
  readonly metrics?: string;
  /** For `zeta ps`. */
  readonly command?: readonly string[];
  /** Gives it up, with nothing left behind, when it is aborted before all is attached; afterwards it means nothing. */
  readonly signal?: AbortSignal;
}

export interface RunningNode {
  readonly node: Node;
  /** Of a node in a cluster. */
  readonly agent: NodeAgent | null;
  /** The run's name in `zeta ps`. */
  readonly run: string;
  /** Path of the control socket. */
  readonly socket: string;
  /** Where metrics are served, as one would write it in a browser; null where they are not. */
  readonly metrics: string | null;
  readonly attachments: readonly Attachment[];
  status(): Promise<NodeStatus>;
  /** Settles when somebody asked the node to stop. Closing it is for who started it. */
  readonly stopped: Promise<void>;
  /** Takes everything away, or with `keep` all but the data plane. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs one after the other, whatever becomes of each, and something after each. */
function queue(after: () => void): Served["inTurn"] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work).finally(after);
    last = next.catch(() => undefined);
    return next;
  };
}

interface Opened {
  readonly node: Node;
  readonly agent: NodeAgent | null;
  readonly run: Run;
  readonly attachments: readonly Attachment[];
}

/** All of it, or nothing is left behind. */
async function open(options: StartNodeOptions, times: Times): Promise<Opened> {
  const { interfaces, mode, namespace, state, flows, role, keep, command, signal } = options;
  const node = await openNode({
    times,
    ...(flows === undefined ? {} : { flows }),
    ...(role === undefined ? {} : { role }),
  });
  let run: Run | null = null;
  try {
    await throwIfAborted(signal);
    run = openRun({
      service: "node",
      ...(state === undefined ? {} : { state }),
      ...(command === undefined ? {} : { command }),
    });
    const attachments = await attachAll(node, run, {
      interfaces,
      pin: keep === true,
      ...(mode === undefined ? {} : { mode }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(state === undefined ? {} : { state }),
      ...(signal === undefined ? {} : { signal }),
    });
    const agent = await nodeAgentOf(node, namespace ?? null, times);
    if (keep !== true) return { node, agent, run, attachments };
    const on = new Map(attachments.map(({ interface: { name, index } }) => [name, index] as const));
    try {
      return { node: await withKeptNetworks(node, on, state), agent, run, attachments };
    } catch (error) {
      for (const attachment of attachments) await attachment.detach();
      throw error;
    }
  } catch (error) {
    node.close();
    // With what it had pinned: nobody will ask for that by its name.
    if (run !== null) await cleanRun(run.id, { force: true, ...(state === undefined ? {} : { state }) });
    throw error;
  }
}

async function take({ node, agent, run, attachments }: Opened, keep: boolean): Promise<void> {
  agent?.[Symbol.dispose]();
  if (keep) {
    node.endTrace();
    for (const attachment of attachments) attachment.close();
    node.leave();
    return;
  }
  try {
    for (const attachment of attachments) await attachment.detach();
  } finally {
    node.close();
    await run.close();
  }
}

/**
 * Starts a node: it holds the state folder, attaches to all interfaces, and answers; or nothing has changed.
 * @throws ZetaError: ZT8110 when the folder has a node, ZT8114 for the metrics' address, ZT8501, and whatever `load` and `attach` throw.
 * The reason of `signal`, when that is aborted.
 */
export async function startNode(options: StartNodeOptions): Promise<RunningNode> {
  // They check what they are asked with zod, which programs that only attach need not wait for.
  const [{ statusOf }, { controlServer }, { checkedProgramTimes }] = await Promise.all([
    import("./routes.ts"),
    import("./server.ts"),
    import("../cluster/time-schema.ts"),
  ]);
  const times = checkedProgramTimes(options.times ?? {});
  const keep = options.keep === true;
  const ready = Promise.withResolvers<Served>();
  // Nobody may have asked by the time it fails.
  ready.promise.catch(() => undefined);
  const server = controlServer(() => ready.promise);
  const socket = await claim(server, options.state);
  let opened: Opened | undefined;
  let metrics: MetricsServer | null = null;
  const closeServers = async (): Promise<void> => {
    await metrics?.close();
    server.close();
    server.closeAllConnections();
    rmSync(socket, { force: true });
  };
  const stopped = Promise.withResolvers<void>();
  let served: Served;
  try {
    if (options.metrics !== undefined)
      metrics = await serveMetrics(options.metrics, () => ready.promise.then(statusOf));
    opened = await open(options, times);
    const census = censusOf(opened.node);
    served = {
      ...opened,
      keep,
      started: new Date().toISOString(),
      census,
      inTurn: queue(census.forget),
      stop: stopped.resolve,
    };
    ready.resolve(served);
  } catch (error) {
    ready.reject(error);
    await closeServers();
    throw error;
  }
  const { node, run, attachments } = opened;
  const everything = opened;
  let closing: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    try {
      // A change that is under way is finished or undone first.
      await served.inTurn(() => take(everything, keep));
    } finally {
      await closeServers();
    }
  };
  const close = (): Promise<void> => {
    closing ??= end();
    return closing;
  };
  return {
    node,
    agent: opened.agent,
    run: run.id,
    socket,
    metrics: metrics?.address ?? null,
    attachments,
    status: () => statusOf(served),
    stopped: stopped.promise,
    close,
    [Symbol.asyncDispose]: close,
  };
}
