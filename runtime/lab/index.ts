/** Networks on one machine: namespaces, cables, servers and clients, taken down whatever happens. */

export type { Tenant, TenantMachine } from "./cluster/tenants.ts";
export type { Spread } from "./cluster/topology.ts";
export type { CommandOptions, CommandResult } from "./command.ts";
export {
  type FetchOptions,
  type FetchResult,
  fetchMany,
  type HttpLoadOptions,
  type HttpLoadResult,
  httpLoad,
} from "./http-load.ts";
export { type Built, buildLab, createLab, type Lab } from "./lab.ts";
export type { EndOptions, Link, LinkEnd, LinkOptions } from "./link.ts";
export type { Namespace, NamespaceOptions, RouteOptions } from "./namespace.ts";
export type { LabProcess, Readiness, ServiceOptions } from "./service.ts";
export { defineLab, type LabConfig, type LabService } from "./standing/define.ts";
export { cleanStale } from "./teardown.ts";
export { startWebServer, type WebRequest, type WebServer, type WebServerOptions } from "./web-server.ts";
