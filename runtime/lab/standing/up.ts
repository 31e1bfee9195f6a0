/** Builds a lab that stays when the command that built it has ended; or nothing of it is left. */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { assignBuckets } from "../../cluster/assign.ts";
import { freshKey, ringOf } from "../../cluster/keys.ts";
import { firstView } from "../../cluster/view.ts";
import { writeView } from "../../cluster/view-store.ts";
import type { Config } from "../../config/live.ts";
import type { Bundle } from "../../loader/bundle.ts";
import type { ObjectWithManifest } from "../../loader/load.ts";
import { networksOf } from "../cluster/tenants.ts";
import {
  buildClusterNetwork,
  type ClusterNetwork,
  clientAddress,
  type MemberPlace,
  serverAddress,
} from "../cluster/topology.ts";
import { labError } from "../command.ts";
import { labAt, needRoot, type OwnLab } from "../lab.ts";
import { labRuns } from "../problems.ts";
import { cleanStale } from "../teardown.ts";
import { startWebServer } from "../web-server.ts";
import { clientOf, neighboursOf, startAgent, tellToLook } from "./agents.ts";
import { removeAll } from "./down.ts";
import { locked } from "./lock.ts";
import { isThere, type StandingPlace, timesOf } from "./place.ts";
import { findRecord, type HostRecord, type LabRecord, type MemberRecord, writeRecord } from "./record.ts";
import type { CheckedLab } from "./schema.ts";

/** A service of the lab, compiled. */
export interface ReadyService {
  readonly what: Bundle | ObjectWithManifest;
  readonly name?: string;
  readonly vni?: number;
  readonly config?: Config;
}

export interface UpOptions {
  readonly config: CheckedLab;
  /** What the config's file is called. */
  readonly file: string;
  readonly services: readonly ReadyService[];
  /** The words that start `zeta`. */
  readonly zeta: readonly string[];
  /** What is being done, for those who wait. */
  readonly tell?: (what: string) => void;
}

/**
 * As many at a time as there are processors: more would only wait for each other. When one fails, those under way are waited
 * for, so that nothing begins behind the back of whoever takes the lab down.
 */
async function each<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const left = [...all.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      try {
        results[next[0]] = await work(next[1]);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results;
}

const hostsOf = ({ clients, servers, tenantHosts }: ClusterNetwork): readonly HostRecord[] => [
  { name: "router", kind: "router", addresses: [] },
  { name: "wire", kind: "wire", addresses: [] },
  ...clients.map(({ name }, i) => ({ name, kind: "client" as const, addresses: Object.values(clientAddress(i + 1)) })),
  ...servers.map(({ name }, i) => ({ name, kind: "server" as const, addresses: Object.values(serverAddress(i + 1)) })),
  ...tenantHosts.map(({ name, vni, addresses }) => ({ name, kind: "tenant" as const, addresses, vni })),
];

function memberOf(place: MemberPlace, agent: Pick<MemberRecord, "pid" | "startTime">): MemberRecord {
  const { id, namespace, address, wire, front, restore } = place;
  return {
    name: namespace.name,
    kind: front === null ? "table" : "forwarder",
    id,
    address,
    mac: wire.mac,
    restore,
    ...agent,
    taps: {
      wire: { namespace: "wire", interface: `port${id}` },
      ...(front === null ? {} : { front: { namespace: "router", interface: `to${id}` } }),
    },
  };
}

async function build(lab: OwnLab, place: StandingPlace, options: UpOptions): Promise<LabRecord> {
  const { config, file, services, zeta, tell = () => undefined } = options;
  const network = await buildClusterNetwork(lab, config);
  const places = [...network.forwarders, ...network.chains.flat()];
  tell(`${places.length} nodes begin`);
  const members = await each(places, async (one) => memberOf(one, await startAgent(place, one, zeta, config.flows)));
  const placeOfMember = new Map(places.map((one) => [one.id, one]));
  const view = firstView(
    network.chains.map((chain) => chain.map(({ id }) => id)),
    network.forwarders.map(({ id }) => id),
    (ids) => assignBuckets(ids),
  );
  const keys = ringOf(freshKey());
  const names = new Set<string>();
  await each(members, async (one) => {
    const node = clientOf(place, one);
    await node.networks(networksOf(placeOfMember.get(one.id) as MemberPlace, config.tenants, network.tenantHosts));
    await node.cluster({ keys, members: neighboursOf(one, members) });
    // There is none yet: this life of the node is older than the first view.
    await tellToLook(place, one);
    for (const { what, ...rest } of services) names.add((await node.add(what, rest)).name);
  });
  writeView(place.store, view);
  await each(members, (one) => tellToLook(place, one));
  if (config.web) for (const server of network.servers) await startWebServer(lab, server);
  for (const { web, namespace } of network.tenantHosts) if (web) await startWebServer(lab, namespace);
  return {
    format: 1,
    built: new Date().toISOString(),
    config: file,
    spread: config.spread,
    hosts: hostsOf(network),
    members,
    services: [...names],
    view,
    keys,
  };
}

/** Where there is none yet. @throws ZetaError: ZT7010. */
export function needNoLab(place: StandingPlace): void {
  if (findRecord(place) !== null) throw labError(labRuns(null, place.folder));
}

/**
 * All of it, or nothing. What a killed `zeta lab up` left there is taken away first.
 * @throws ZetaError: ZT7005, ZT7010, ZT7013, and whatever its parts say.
 */
export function bringUp(place: StandingPlace, options: UpOptions): Promise<LabRecord> {
  needRoot();
  return locked(place, async () => {
    needNoLab(place);
    if (isThere(place)) await removeAll(place);
    cleanStale();
    mkdirSync(place.logs, { recursive: true, mode: 0o700 });
    writeFileSync(timesOf(place), JSON.stringify(options.config.times));
    const lab = labAt(place);
    try {
      const record = await build(lab, place, options);
      writeRecord(place, record);
      lab.leave();
      return record;
    } catch (error) {
      await lab.dispose();
      throw error;
    }
  });
}
