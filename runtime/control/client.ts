/** A node that another process runs, asked by its socket. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { type Problem, ZetaError } from "../../compiler/diagnostics/problem.ts";
import type { NodeAgentStatus } from "../cluster/node-agent.ts";
import type { Config } from "../config/live.ts";
import { type Bundle, isBundle } from "../loader/bundle.ts";
import type { ObjectWithManifest } from "../loader/load.ts";
import { failure } from "../loader/problems.ts";
import type { CanaryFile } from "../node/canary-file.ts";
import type { Networks, Told } from "../node/networks.ts";
import type { TraceOptions } from "../trace/choose.ts";
import type { TraceRecord } from "../trace/records.ts";
import { readTraceRow, type TraceLine } from "../trace/row.ts";
import { socketOf } from "./claim.ts";
import type { ClusterMessage } from "./cluster.ts";
import type { FlowFilter, FlowRow } from "./flow-filter.ts";
import { toJson } from "./json.ts";
import { nodeGone, noNode } from "./problems.ts";
import type { AddMessage, ServiceMessage, SetConfigMessage, UpgradeMessage } from "./protocol.ts";
import type { NodeStatus, ServiceStatus } from "./status.ts";

/** As they come by JSON: whole numbers beyond 2^53 are text. */
export type Plain<T> = T extends bigint
  ? number | string
  : T extends readonly (infer E)[]
    ? readonly Plain<E>[]
    : T extends object
      ? { readonly [K in keyof T]: Plain<T[K]> }
      : T;

export interface AddService {
  /** Its own name unless told. */
  readonly name?: string;
  readonly vni?: number;
  /** Every field of the service. */
  readonly config?: Config;
}

export interface UpgradeService {
  /** The config that serves is carried over unless told. */
  readonly config?: Config;
  readonly freshState?: boolean;
  /** Content of a file of canaries, and its name for messages. */
  readonly canaries?: { readonly file: string; readonly content: CanaryFile };
}

export interface FlowPage extends FlowFilter {
  /** How many to leave out first; 0 unless told. */
  readonly offset?: number;
  /** How many at most; all unless told. */
  readonly limit?: number;
}

export interface RemoteTrace extends AsyncIterable<TraceRecord> {
  /** Records that found no room, as far as the node has told. */
  lost(): number;
  close(): void;
}

/** Every call throws ZetaError with what the node says; ZT8111 when none answers, ZT8113 when it ends meanwhile. */
export interface NodeClient {
  readonly socket: string;
  status(): Promise<Plain<NodeStatus>>;
  add(source: Bundle | ObjectWithManifest, options?: AddService): Promise<Plain<ServiceStatus>>;
  upgrade(name: string, source: Bundle | ObjectWithManifest, options?: UpgradeService): Promise<Plain<ServiceStatus>>;
  remove(name: string): Promise<void>;
  /** Tells it of its networks; gives how many entries each part has now, 0 for those that were left out. */
  networks(all: Networks): Promise<Told>;
  /**
   * Tells a forwarder or a flow-table node of its cluster: keys first, then members, then the view. Gives how it stands then.
   * @throws ZT8118 for a node that is in no cluster, ZT8119 for a view that is not newer than its own, ZT8502, ZT8504, ZT8505.
   */
  cluster(told: ClusterMessage): Promise<NodeAgentStatus>;
  /** How its part in the cluster stands. @throws ZT8118. */
  clusterStatus(): Promise<NodeAgentStatus>;
  config(name: string): Promise<Config>;
  /** One field; `known` says whether there is such a field, among `paths`. */
  field(
    name: string,
    path: string,
  ): Promise<{ readonly value: unknown; readonly known: boolean; readonly paths: readonly string[] }>;
  /** The whole config, or one field. Gives the generation that serves. */
  setConfig(name: string, config: Config): Promise<number>;
  setConfig(name: string, path: string, value: unknown): Promise<number>;
  /** Flows as they are read, millions if need be. Ending the iteration ends the reading. */
  flows(page?: FlowPage): AsyncIterable<Plain<FlowRow>>;
  countFlows(filter?: FlowFilter): Promise<number>;
  /** Forgets both directions of what fits; gives how many flows. */
  flushFlows(filter?: FlowFilter): Promise<number>;
  /**
   * Follows chosen packets: gives the trace once it has begun. Ending the iteration ends it, and so does `close`.
   * @throws ZT8120 while another lasts, ZT8121, ZT8123 for a member of a cluster.
   */
  trace(options?: TraceOptions): Promise<RemoteTrace>;
  /** Returns when the node has begun to stop. */
  stop(): Promise<void>;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function messageOf(source: Bundle | ObjectWithManifest): ServiceMessage {
  if (!isBundle(source)) return { manifest: source.manifest, object: base64(source.object) };
  const objects = Object.fromEntries([...source.objects].map(([cpu, bytes]) => [cpu, base64(bytes)]));
  return { manifest: source.manifest, objects };
}

/** The path with what was given of the query. */
function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error
    ? String(error.code)
    : error instanceof Error
      ? error.message
      : String(error);

const NOT_THERE: ReadonlySet<string> = new Set([
  "ENOENT",
  "ECONNREFUSED",
  "EACCES",
  "EINVAL",
  "ENOTDIR",
  "ENOTSOCK",
  "EPERM",
]);

function ask(socketPath: string, method: string, path: string, body?: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? undefined : Buffer.from(toJson(body));
    const headers =
      content === undefined ? {} : { "content-type": "application/json", "content-length": content.length };
    const request = httpRequest({ socketPath, method, path, headers, agent: false }, resolve);
    request.on("error", (error) => {
      const reason = reasonOf(error);
      reject(failure(NOT_THERE.has(reason) ? noNode(null, socketPath, reason) : nodeGone(null, reason), error));
    });
    request.end(content);
  });
}

async function whole(response: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  try {
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch (cause) {
    throw failure(nodeGone(null, reasonOf(cause)), cause);
  }
}

async function accepted(response: IncomingMessage): Promise<IncomingMessage> {
  if (response.statusCode === 200) return response;
  const { problems, bug, stack } = (await whole(response)) as {
    readonly problems?: readonly Problem[];
    readonly bug?: string;
    readonly stack?: string;
  };
  if (problems !== undefined) throw new ZetaError(problems);
  const failed = new Error(`the node failed: ${bug ?? "without a reason"}`);
  // Its own: where it was asked from tells nothing.
  if (stack !== undefined) failed.stack = stack;
  throw failed;
}

async function* lines(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  try {
    for await (const part of response.setEncoding("utf8") as AsyncIterable<string>) {
      const found = (rest + part).split("\n");
      rest = found.pop() ?? "";
      yield* found;
    }
  } catch (cause) {
    throw failure(nodeGone(null, reasonOf(cause)), cause);
  }
}

/** Nothing is opened: each call makes a connection of its own. `state` is the node's state folder. */
export function connectNode({ state }: { readonly state?: string } = {}): NodeClient {
  const socket = socketOf(state);
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    (await whole(await accepted(await ask(socket, method, path, body)))) as T;
  const named = (kind: string, name: string): string => `/${kind}/${encodeURIComponent(name)}`;
  type Summary = { readonly service: Plain<ServiceStatus> };
  return {
    socket,
    status: () => call("GET", "/status"),
    async add(source, options = {}) {
      const body: AddMessage = { service: messageOf(source), ...options } as AddMessage;
      return (await call<Summary>("POST", "/services", body)).service;
    },
    async upgrade(name, source, options = {}) {
      const body: UpgradeMessage = { service: messageOf(source), ...options } as UpgradeMessage;
      return (await call<Summary>("PUT", named("services", name), body)).service;
    },
    async remove(name) {
      await call("DELETE", named("services", name));
    },
    networks: async (all) => (await call<{ readonly networks: Told }>("PUT", "/networks", all)).networks,
    cluster: (told) => call<NodeAgentStatus>("PUT", "/cluster", told),
    clusterStatus: () => call<NodeAgentStatus>("GET", "/cluster"),
    config: async (name) => (await call<{ readonly config: Config }>("GET", named("config", name))).config,
    field: (name, path) => call("GET", withQuery(named("config", name), { path })),
    async setConfig(name: string, first: Config | string, value?: unknown) {
      const body: SetConfigMessage =
        typeof first === "string"
          ? { path: first, value }
          : { config: first as Record<string, Record<string, unknown>> };
      return (await call<{ readonly generation: number }>("PUT", named("config", name), body)).generation;
    },
    async *flows(page = {}) {
      const response = await accepted(await ask(socket, "GET", withQuery("/flows", { ...page })));
      try {
        for await (const line of lines(response)) yield JSON.parse(line) as Plain<FlowRow>;
      } finally {
        response.destroy();
      }
    },
    countFlows: async (filter = {}) =>
      (await call<{ readonly flows: number }>("GET", withQuery("/flow-count", { ...filter }))).flows,
    flushFlows: async (filter = {}) =>
      (await call<{ readonly removed: number }>("DELETE", withQuery("/flows", { ...filter }))).removed,
    async trace(options = {}) {
      const response = await accepted(await ask(socket, "GET", withQuery("/trace", { ...options })));
      let lost = 0;
      let closed = false;
      const close = (): void => {
        closed = true;
        response.destroy();
      };
      async function* records(): AsyncGenerator<TraceRecord> {
        try {
          for await (const line of lines(response)) {
            const told = JSON.parse(line) as TraceLine;
            if ("lost" in told) lost = told.lost;
            else yield readTraceRow(told);
          }
        } catch (error) {
          // What is cut off by our own hand is no failure.
          if (!closed) throw error;
        } finally {
          close();
        }
      }
      return { lost: () => lost, close, [Symbol.asyncIterator]: records };
    },
    async stop() {
      await call("POST", "/stop");
    },
  };
}
