/** What a node answers, by method and path. */
import { createHash } from "node:crypto";
import type { z } from "zod";
import type { Attachment } from "../attach/attach.ts";
import type { Run } from "../attach/runs.ts";
import { bouncesOf } from "../cluster/bounces.ts";
import type { NodeAgent } from "../cluster/node-agent.ts";
import type { Config } from "../config/live.ts";
import type { Bundle, Cpu } from "../loader/bundle.ts";
import type { ObjectWithManifest } from "../loader/load.ts";
import { bundleDigestDiffers, failure } from "../loader/problems.ts";
import type { Canary } from "../node/canaries.ts";
import { type Flow, readFlows, removeFlows } from "../node/flows.ts";
import { tellNetworks } from "../node/networks.ts";
import type { Node, NodeService } from "../node/node.ts";
import { noSuchService } from "../node/problems.ts";
import { type TraceLine, traceRow } from "../trace/row.ts";
import type { Trace } from "../trace/trace.ts";
import type { Census } from "./census.ts";
import { clusterSchema, tellCluster } from "./cluster.ts";
import { type FlowFilter, type FlowRow, flowMatcher, flowRow } from "./flow-filter.ts";
import { badRequest, notInCluster } from "./problems.ts";
import {
  addSchema,
  flowQuerySchema,
  networksSchema,
  type serviceSchema,
  setConfigSchema,
  traceQuerySchema,
  upgradeSchema,
} from "./protocol.ts";
import { memoryShared, type NodeStatus, ownDrops, serviceStatus, tenantsOf } from "./status.ts";
import { unhurried } from "./unhurried.ts";

/** What the routes work on. */
export interface Served {
  readonly node: Node;
  /** Of a node in a cluster. */
  readonly agent: NodeAgent | null;
  readonly run: Run;
  readonly attachments: readonly Attachment[];
  readonly keep: boolean;
  readonly started: string;
  readonly census: () => Promise<Census>;
  /** One change after the other. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Ends the process's node, once this request is answered. */
  readonly stop: () => void;
}

export interface Asked {
  /** The last part of the path, where the route has one. */
  readonly name: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Rows are sent one JSON document per line, as they are read: many at once, or "live" each when it is there. */
export type Answer =
  | { readonly json: unknown }
  | { readonly rows: AsyncIterable<unknown> }
  | { readonly live: AsyncIterable<unknown>; readonly end: () => void };
type Route = (served: Served, asked: Asked) => Promise<Answer>;

function read<T>(schema: z.ZodType<T>, content: unknown): T {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw failure(badRequest(null, `${where === "" ? "" : `${where}: `}${issue?.message ?? "not valid"}`), parsed.error);
}

function sourceOf({ manifest, objects, object }: z.infer<typeof serviceSchema>): Bundle | ObjectWithManifest {
  if (object !== undefined) return { manifest, object: Buffer.from(object, "base64") };
  const found = new Map<Cpu, Uint8Array>();
  for (const { file, cpu, sha256 } of manifest.objects) {
    const bytes = Buffer.from(objects?.[cpu] ?? "", "base64");
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (digest !== sha256) throw failure(bundleDigestDiffers(null, file, sha256, digest));
    found.set(cpu, bytes);
  }
  if (found.size === 0) throw failure(badRequest(null, "service: it has no object"));
  return { directory: manifest.name, manifest, objects: found };
}

function serviceNamed({ services }: Node, name: string): NodeService {
  const found = services.get(name);
  if (found === undefined) throw failure(noSuchService(null, name, [...services.keys()]));
  return found;
}

const summary = async ({ node, census }: Served, one: NodeService): Promise<Answer> => ({
  json: { service: serviceStatus(node, one, await census()) },
});

export async function statusOf({ node, run, attachments, keep, started, census }: Served): Promise<NodeStatus> {
  const counted = await census();
  return {
    pid: process.pid,
    run: run.id,
    started,
    role: node.role,
    epoch: node.cluster?.acts ?? null,
    keep,
    memory: memoryShared(node),
    interfaces: attachments.map((one) => ({ interface: one.interface.name, mode: one.mode, lost: !one.holds() })),
    tables: counted.tables,
    drops: ownDrops(node),
    bounces: bouncesOf(node),
    tenants: tenantsOf(node, counted),
    services: [...node.services.values()].map((one) => serviceStatus(node, one, counted)),
  };
}

const matcher = (node: Node, filter: FlowFilter): ((flow: Flow) => boolean) =>
  flowMatcher(filter, (name) => serviceNamed(node, name).index);

async function* flowRows(
  node: Node,
  fits: (flow: Flow) => boolean,
  from: number,
  most: number,
): AsyncGenerator<FlowRow> {
  const names = new Map([...node.services.values()].map(({ index, name }) => [index, name]));
  let seen = 0;
  for await (const flow of unhurried(readFlows(node))) {
    if (!fits(flow)) continue;
    seen += 1;
    if (seen <= from) continue;
    if (seen > from + most) return;
    yield flowRow(flow, names.get(flow.service) ?? `service ${flow.service}`);
  }
}

async function countRows(node: Node, fits: (flow: Flow) => boolean): Promise<number> {
  let flows = 0;
  for await (const flow of unhurried(readFlows(node))) if (fits(flow)) flows += 1;
  return flows;
}

/** Records, and before them how many were lost whenever some were. */
async function* traceRows(trace: Trace): AsyncGenerator<TraceLine> {
  let known = 0n;
  for await (const record of trace) {
    const lost = record.step === "left" ? trace.lost() : known;
    if (lost !== known) yield { lost: Number(lost) };
    known = lost;
    yield traceRow(record);
  }
}

export const ROUTES: Readonly<Record<string, Route>> = {
  "GET /status": async (served) => ({ json: await statusOf(served) }),

  "POST /services": (served, { body }) => {
    const { service, name, vni, config } = read(addSchema, body);
    return served.inTurn(async () => {
      const one = await served.node.add(sourceOf(service), {
        ...(name === undefined ? {} : { name }),
        ...(vni === undefined ? {} : { vni }),
        ...(config === undefined ? {} : { config: config as Config }),
      });
      return summary(served, one);
    });
  },

  "PUT /services/:name": (served, { name, body }) => {
    const { service, config, freshState, canaries } = read(upgradeSchema, body);
    return served.inTurn(async () => {
      const [first] = served.attachments;
      const one = await served.node.upgrade(name, sourceOf(service), {
        ...(config === undefined ? {} : { config: config as Config }),
        ...(freshState === undefined ? {} : { freshState }),
        ...(canaries === undefined ? {} : { canaries: canaries.content as readonly Canary[] }),
        ...(first === undefined
          ? {}
          : { canaryPlace: { interface: first.interface.index, namespace: first.namespace } }),
      });
      return summary(served, one);
    });
  },

  "PUT /networks": ({ node, attachments, inTurn }, { body }) => {
    const interfaces = new Map(attachments.map(({ interface: on }) => [on.name, on.index]));
    return inTurn(async () => ({
      json: { networks: await tellNetworks(node, read(networksSchema, body), interfaces) },
    }));
  },

  "GET /cluster": async ({ agent }) => {
    if (agent === null) throw failure(notInCluster(null));
    return { json: agent.status() };
  },

  "PUT /cluster": ({ node, agent, attachments, inTurn }, { body }) => {
    const message = read(clusterSchema, body);
    const interfaces = new Map(attachments.map(({ interface: on }) => [on.name, on.index]));
    return inTurn(async () => ({ json: tellCluster({ node, agent }, message, interfaces) }));
  },

  "DELETE /services/:name": ({ node, inTurn }, { name }) =>
    inTurn(async () => {
      serviceNamed(node, name).remove();
      return { json: {} };
    }),

  "GET /config/:name": async ({ node }, { name, query }) => {
    const { config } = serviceNamed(node, name);
    if (query.path === undefined) return { json: { config: config.get() } };
    return {
      json: { value: config.get(query.path) ?? null, known: config.paths.includes(query.path), paths: config.paths },
    };
  },

  "PUT /config/:name": ({ node, inTurn }, { name, body }) => {
    const change = read(setConfigSchema, body);
    return inTurn(async () => {
      const { config } = serviceNamed(node, name);
      if ("config" in change) config.set(change.config as Config);
      else config.set(change.path, change.value);
      return { json: { generation: config.generation } };
    });
  },

  "GET /flows": async ({ node }, { query }) => {
    const { offset, limit, ...filter } = read(flowQuerySchema, query);
    const most = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
    return { rows: flowRows(node, matcher(node, filter), Number(offset ?? 0), most) };
  },

  "GET /flow-count": async ({ node }, { query }) => ({
    json: { flows: await countRows(node, matcher(node, read(flowQuerySchema, query))) },
  }),

  "DELETE /flows": async ({ node, inTurn }, { query }) => {
    const fits = matcher(node, read(flowQuerySchema, query));
    return inTurn(async () => {
      let removed = 0;
      for await (const slice of unhurried(removeFlows(node, fits))) removed += slice;
      return { json: { removed } };
    });
  },

  "GET /trace": async ({ node, inTurn }, { query }) => {
    const { vni, port, ...rest } = read(traceQuerySchema, query);
    const given = Object.entries({
      ...rest,
      vni: vni === undefined ? undefined : Number(vni),
      port: port === undefined ? undefined : Number(port),
    }).filter(([, value]) => value !== undefined);
    const trace = await inTurn(() => node.trace(Object.fromEntries(given)));
    return { live: traceRows(trace), end: trace.close };
  },

  "POST /stop": async ({ stop }) => {
    stop();
    return { json: {} };
  },
};
