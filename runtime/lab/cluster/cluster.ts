/** A cluster in a lab: its network, and a node of its own in each member's namespace, in native XDP. */
import { join } from "node:path";
import { BUCKETS } from "../../cluster/buckets.ts";
import type { DataPlane, PlacedView, TagKeys } from "../../cluster/data-plane.ts";
import { type RunningNode, startNode } from "../../control/start.ts";
import type { ObjectWithManifest } from "../../loader/load.ts";
import type { AddOptions } from "../../node/node.ts";
import type { Lab } from "../lab.ts";
import { buildClusterNetwork, type ClusterNetwork, type ClusterPlan, type MemberPlace } from "./topology.ts";

export interface ClusterMember extends MemberPlace {
  readonly running: RunningNode;
}

export interface LabCluster extends AsyncDisposable {
  readonly network: ClusterNetwork;
  readonly forwarders: readonly ClusterMember[];
  readonly chains: readonly (readonly ClusterMember[])[];
  /** The same service on every member. */
  add(source: ObjectWithManifest, options: AddOptions): Promise<void>;
  /** A new epoch: these are the chains, by members. All nodes have it when this returns, one after the other. */
  view(chains: readonly (readonly ClusterMember[])[]): void;
  readonly epoch: number;
}

export interface LabClusterOptions extends ClusterPlan {
  readonly flows?: number;
}

function keys(): TagKeys {
  return { keys: [crypto.getRandomValues(new Uint8Array(16)), null], own: 0 };
}

/** Buckets over chains, one after the other. */
const pathsOver = (chains: readonly (readonly ClusterMember[])[]): PlacedView["paths"] =>
  Array.from({ length: BUCKETS }, (_, bucket) => {
    const members = (chains[bucket % chains.length] ?? []).map(({ id }) => id);
    return { members, complete: members.length };
  });

export async function startLabCluster(lab: Lab, options: LabClusterOptions): Promise<LabCluster> {
  const network = await buildClusterNetwork(lab, options);
  await using started = new AsyncDisposableStack();
  const start = async (place: MemberPlace): Promise<ClusterMember> => {
    const { namespace, front, address } = place;
    const running = started.use(
      await startNode({
        role: front === null ? "table" : "forwarder",
        interfaces: front === null ? ["wire"] : ["front", "wire"],
        namespace: namespace.fullName,
        state: join(lab.folder, `state-${place.id}`),
        flows: options.flows ?? 10_000,
      }),
    );
    await running.node.tunnels.set([address]);
    return { ...place, running };
  };
  const forwarders: ClusterMember[] = [];
  for (const place of network.forwarders) forwarders.push(await start(place));
  const chains: ClusterMember[][] = [];
  for (const chain of network.chains) {
    const members: ClusterMember[] = [];
    for (const place of chain) members.push(await start(place));
    chains.push(members);
  }
  const all = [...forwarders, ...chains.flat()];
  const dataPlaneOf = ({ running }: ClusterMember): DataPlane => {
    if (running.node.cluster === null) throw new TypeError("A member of a cluster is a node by itself.");
    return running.node.cluster;
  };
  const tagKeys = keys();
  for (const member of all) {
    const others = all.filter((one) => one !== member);
    dataPlaneOf(member).members(
      others.map(({ id, address, wire }) => ({
        id,
        address,
        interface: member.wireIndex,
        destination: wire.mac,
        source: member.wire.mac,
      })),
    );
    dataPlaneOf(member).keys(tagKeys);
  }
  let epoch = 0;
  const view: LabCluster["view"] = (now) => {
    epoch += 1;
    const paths = pathsOver(now);
    for (const member of all) {
      const self = { id: member.id, address: member.address, interfaces: [member.wireIndex] };
      dataPlaneOf(member).view(self, { epoch, paths });
    }
  };
  view(chains);
  const whole = started.move();
  return {
    network,
    forwarders,
    chains,
    async add(source, given) {
      for (const { running } of all) await running.node.add(source, given);
    },
    view,
    get epoch() {
      return epoch;
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
