/** `zeta/runtime`: everything on a live machine. Importing it loads neither koffi nor LLVM nor TypeScript. */
export type { LayoutData } from "../sdk/layout/data.ts";
export type { MapData, MapKind } from "../sdk/maps/data.ts";
export { type Attachment, type AttachOptions, attach } from "./attach/attach.ts";
export { type InterfaceProgram, listAttachments } from "./attach/listing.ts";
export type { AttachmentRecord, RunRecord } from "./attach/records.ts";
export {
  type CleanOptions,
  cleanRun,
  type FoundRun,
  listRuns,
  openRun,
  type Run,
  type RunOptions,
  strayRuns,
} from "./attach/runs.ts";
export { bpffsFolder, pinsFolder, runsFolder, stateFolder } from "./attach/state.ts";
export { type KeyRing, type RotateOptions, rotateKeys } from "./cluster/keys.ts";
export { configJsonSchema, configSchema } from "./config/lazy-schema.ts";
export type { Config, LiveConfig } from "./config/live.ts";
export {
  type AddService,
  connectNode,
  type FlowPage,
  type NodeClient,
  type Plain,
  type RemoteTrace,
  type UpgradeService,
} from "./control/client.ts";
export type { FlowFilter, FlowRow } from "./control/flow-filter.ts";
export { type RunningNode, type StartNodeOptions, startNode } from "./control/start.ts";
export type { NodeStatus, ServiceStatus, Traffic } from "./control/status.ts";
export { type HealthChange, type HealthCheckOptions, type HealthChecks, healthChecks } from "./health/health-checks.ts";
export type { HttpCheck } from "./health/probe.ts";
export * from "./lab/index.ts";
export { bpffsMounts, mountBpffs, unmountBpffs } from "./loader/bpffs.ts";
export { type Bundle, openBundle } from "./loader/bundle.ts";
export { type Capability, hasCapability, missingCapabilities } from "./loader/capabilities.ts";
export { type Feature, probeFeatures } from "./loader/features.ts";
export { type Loadable, type LoadedObject, type LoadOptions, load, type ObjectWithManifest } from "./loader/load.ts";
export { createMap } from "./loader/map-create.ts";
export { type MapHandle, openMapById, openPinnedMap } from "./loader/map-handle.ts";
export { inNamespace, spawnInNamespace } from "./loader/network-namespace.ts";
export type { LoadedProgram } from "./loader/program.ts";
export { LIVE_FRAMES, type TestRunOptions, type TestRunResult, testRun, testRunAsync } from "./loader/test-run.ts";
export type { XdpMode } from "./loader/xdp.ts";
export type { BloomMap, QueueMap } from "./maps/collections.ts";
export { type EventOptions, type EventStream, events } from "./maps/events.ts";
export type { KeyedMap } from "./maps/keyed.ts";
export type { MapOfMaps } from "./maps/nested.ts";
export { formatPrefix } from "./maps/prefix.ts";
export type { JumpTable } from "./maps/programs.ts";
export { type Submitter, submitter } from "./maps/submitter.ts";
export { type AnyTypedMap, type MapTypes, type Prefix, type TypedMapOf, typedMap } from "./maps/typed-map.ts";
export type { Canary, CanaryVerdict } from "./node/canaries.ts";
export type { Networks } from "./node/networks.ts";
export type { AddOptions, Node, NodeOptions, NodeService, UpgradeOptions } from "./node/node.ts";
export { openNode } from "./node/node.ts";
export type { NewFlows, Quota, Quotas, QuotasOfTenants, QuotaUse } from "./node/quotas.ts";
export type { Entrance, LocalEndpoint, NodeAddress, RemoteEndpoint, Settable, Underlay } from "./node/underlay.ts";
export type { FlowClosed, FlowEnds, FlowEvent, FlowOpened } from "./service/lifecycle.ts";
export {
  type Service,
  type ServiceInterface,
  type ServiceSource,
  type StartServiceOptions,
  startService,
} from "./service/service.ts";
export type { TraceOptions } from "./trace/choose.ts";
export type { TracedFrame, TraceRecord, TraceVerdict } from "./trace/records.ts";
export type { Trace } from "./trace/trace.ts";
