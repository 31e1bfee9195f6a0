/**
 * New flows' walks, done: the data plane's own programs, interpreted, as a forwarder and the members of a bucket's path, by views of clusters
 * of any size. Whoever is not on the path is not there; who is takes the number that the view gives it.
 */

import type { Path } from "../../../runtime/cluster/data-plane.ts";
import { pathOf, type View } from "../../../runtime/cluster/view.ts";
import { tableEntries } from "../../../runtime/node/flow-tables.ts";
import { layoutOf } from "../../../runtime/node/shapes.ts";
import { addressOf, CLUSTER_SIDE, introduce, OUTSIDE } from "../../kit/cluster/cluster.ts";
import { type Member, openMember } from "../../kit/cluster/member.ts";
import { AT, operationOf } from "../../kit/cluster/operation.ts";
import { tcp } from "../../kit/index.ts";
import { type Flow, LISTENS } from "./flows.ts";

/** Of the forwarder: numbers up to here are flow-table nodes'. */
export const FORWARDER = 4095;
/** Complete members of a chain, and those of the one that its bucket moves to. */
const LONGEST_PATH = 8;
const REDIRECT = 4;
const ROOM = 20_000;

const balancer = (listen: string, backend: string) => ({
  source: new URL("../../../examples/balancer/service.ts", import.meta.url),
  config: { "service.listen": [listen], "balancer.backends": [backend] },
});
const services = [
  balancer("10.1.0.1:80/tcp", "10.2.0.1:80"),
  balancer("[2001:db8:1::1]:80/tcp", "[2001:db8:2::1]:80"),
  {
    source: new URL("../../../examples/stateful-firewall/service.ts", import.meta.url),
    config: { "firewall.inside": { "0.0.0.0/0": 1 } },
  },
];

const groups = (address: bigint): string =>
  Array.from({ length: 8 }, (_, nth) => Number((address >> BigInt(112 - 16 * nth)) & 0xffffn).toString(16)).join(":");
const dotted = (address: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => Number((address >> shift) & 0xffn)).join(".");

/** The packet that opens it. */
function opening({ kind, source, sourcePort, destination, destinationPort }: Flow): Uint8Array {
  if (kind === 1)
    return tcp(`[${groups(source)}]:${sourcePort}`, `[${LISTENS[6].address}]:${LISTENS[6].port}`).syn().bytes;
  const to = kind === 0 ? BigInt(LISTENS[4].address) : destination;
  return tcp(`${dotted(source)}:${sourcePort}`, `${dotted(to)}:${destinationPort}`).syn().bytes;
}

export interface Walks {
  /** How many messages the flow's first packet has caused when it leaves its forwarder. Each flow can be new but once. */
  messages(view: View, flow: Flow): Promise<number>;
  /** Bytes of a flow-table node's tables that have so many ways. */
  bytesOf(ways: number): number;
}

export async function openWalks(): Promise<Walks> {
  const forwarder = await openMember({ role: "forwarder", services, flows: ROOM });
  const tables: Member[] = [];
  for (let nth = 0; nth < LONGEST_PATH; nth++) tables.push(await openMember({ role: "table", services, flows: ROOM }));
  let placed: { readonly view: View; readonly paths: readonly Path[] } | null = null;
  const pathsOf = (view: View): readonly Path[] => {
    if (placed?.view !== view) {
      const paths = view.keepers.map((_, bucket) => {
        const { members, complete } = pathOf(view, bucket);
        return { members: members.map(({ node }) => node), complete };
      });
      placed = { view, paths };
    }
    return placed.paths;
  };

  /** Who is on the bucket's path, by the numbers of the view, and the forwarder. */
  async function placedBy(view: View, bucket: number): Promise<ReadonlyMap<number, Member>> {
    const paths = pathsOf(view);
    const ids = (paths[bucket] as Path).members;
    const there = new Map([[FORWARDER, forwarder], ...ids.map((id, nth) => [id, tables[nth] as Member] as const)]);
    for (const [id, member] of there) {
      await introduce(id, member, [...there.keys()]);
      const self = { id, address: addressOf(id), interfaces: [CLUSTER_SIDE] };
      member.dataPlane.view(self, { epoch: view.epoch, paths });
    }
    return there;
  }

  const [{ manifest }] = tables as [Member, ...Member[]];
  return {
    async messages(view, flow) {
      const there = await placedBy(view, flow.bucket);
      let [at, by, frame] = [FORWARDER, OUTSIDE, opening(flow)];
      for (let messages = 0; ; messages++) {
        const { action, packet, redirect } = (there.get(at) as Member).run(frame, by);
        const isOut = action !== REDIRECT || redirect?.kind !== "interface" || redirect.interface !== CLUSTER_SIDE;
        if (isOut && (at !== FORWARDER || messages === 0 || action !== REDIRECT))
          throw new Error(
            `A packet of bucket ${flow.bucket} ends at ${at} after ${messages} messages: ${Object.keys((there.get(at) as Member).drops())}.`,
          );
        if (isOut) return messages;
        const named = Buffer.from(packet).readUInt16BE(AT.bucket);
        if (named !== flow.bucket)
          throw new Error(`A ${operationOf(packet)} names bucket ${named}, not ${flow.bucket}.`);
        [at, by, frame] = [Buffer.from(packet).readUInt16BE(AT.addresses + 6), CLUSTER_SIDE, packet];
      }
    },
    bytesOf: (ways) =>
      Object.entries(tableEntries(ways, "table")).reduce(
        (sum, [map, entries]) => sum + entries * layoutOf(manifest, map, "value").size,
        0,
      ),
  };
}
