/**
 * Operations that somebody recorded on the cluster's side and sends again later: their tags are good. None changes what was decided,
 * none brings back what has ended, and what comes too late is counted by its reason.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromBytes, tcp, vxlan } from "zeta/testing";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import { addressOf, type Cluster, introduce, openCluster, type Wire } from "../kit/cluster/cluster.ts";
import { type AnyMember, openKernelMember } from "../kit/cluster/kernel-member.ts";
import { AT, operationOf } from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, toldOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const balancer = {
  source: new URL("../../examples/balancer/service.ts", import.meta.url),
  config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": ["10.2.0.1:80"] },
};
const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const another = tcp("10.0.0.8:40000", "10.1.0.1:80");
const server = tcp("10.2.0.1:80", "10.0.0.7:40000");
const MEMBERS = { forwarder: 1, head: 3, replica: 4, tail: 5 } as const;
const TABLE = [MEMBERS.head, MEMBERS.replica, MEMBERS.tail];

/** What the flow-table nodes have, each direction counted for one. */
const kept = ({ members }: Cluster): number[] => TABLE.map((id) => members.get(id)?.flows() ?? 0);
/** How many more of each kind of drop there are afterwards. */
function dropsBy(cluster: Cluster, work: () => void): Record<string, number> {
  const before = dropsOf(cluster);
  work();
  const grown = Object.entries(dropsOf(cluster)).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

/** A connection that opened, was looked up, touched and closed; and everything that was on the wire meanwhile. */
async function recorded(): Promise<{ readonly cluster: Cluster; readonly wire: readonly Wire[] }> {
  const cluster = await openCluster({ forwarders: 2, chains: [3], services: [balancer] });
  cluster.send(1, client.syn().bytes);
  cluster.send(2, server.synAck().bytes);
  cluster.send(1, client.ack().bytes);
  cluster.send(2, client.payload("GET /").bytes);
  cluster.send(1, client.fin().bytes);
  const wire = cluster.wire();
  const kinds = new Set(wire.map(({ frame }) => operationOf(frame)));
  expect([...kinds].sort()).toEqual(["close", "decide", "lookup", "reply", "touch", "update"]);
  return { cluster, wire };
}
/** The same for another member's address. */
function toMember(frame: Uint8Array, id: number): Uint8Array {
  const out = frame.slice();
  out.set(addressOf(id).split(".").map(Number), AT.addresses + 4);
  return out;
}
/** All of it once more, in the order in which it was sent. */
function replay(cluster: Cluster, wire: readonly Wire[]): string[] {
  const left = wire.flatMap(({ to, frame }) => cluster.deliver(to, frame));
  return [...new Set(left.map((one) => toldOf([one])))];
}

test("at once: as packets that come twice, by the decision that stands", async () => {
  const { cluster, wire } = await recorded();
  const before = kept(cluster);
  const left = replay(cluster, wire);
  expect(left.filter((one) => one !== "dropped").sort()).toEqual([
    "sent 10.0.0.7:40000 > 10.2.0.1:80",
    "sent 10.1.0.1:80 > 10.0.0.7:40000",
  ]);
  expect(kept(cluster)).toEqual(before);
});

test("in the same view, later: nothing leaves, and it is counted", async () => {
  const { cluster, wire } = await recorded();
  cluster.advance(6n * SECOND);
  // Somebody else's entries have come along since.
  cluster.send(1, another.syn().bytes);
  cluster.advance(6n * SECOND);
  cluster.send(1, another.syn().bytes);
  const drops = dropsBy(cluster, () => expect(replay(cluster, wire)).toEqual(["dropped"]));
  expect(Object.keys(drops).sort()).toEqual(["table: late answer", "table: old operation"]);
});

test("of an older view: it goes back to its forwarder, which has given the packet up", async () => {
  const { cluster, wire } = await recorded();
  cluster.view(cluster.chains);
  cluster.advance(6n * SECOND);
  const before = kept(cluster);
  const drops = dropsBy(cluster, () => expect(replay(cluster, wire)).toEqual(["dropped"]));
  expect(drops).toEqual({ "table: late answer": wire.length });
  expect(kept(cluster)).toEqual(before);
});

test("when its flow has ended, and another decision was made for its successor: that stands", async () => {
  const { cluster, wire } = await recorded();
  cluster.configure(0, { "balancer.backends": ["10.2.0.2:80"] });
  // Ends the old decision; when nobody can follow that any more, the client's next attempt is a new flow's.
  expect(toldOf(cluster.send(1, client.syn().bytes))).toBe("dropped");
  cluster.advance(5n * SECOND);
  const whileEnded = dropsBy(cluster, () => expect(replay(cluster, wire)).toEqual(["dropped"]));
  expect(whileEnded["table: flow has ended"]).toBeGreaterThan(0);
  cluster.advance(4n * SECOND);
  expect(destinationOf(toldOf(cluster.send(1, client.syn().bytes)))).toBe("10.2.0.2:80");
  cluster.advance(6n * SECOND);
  const drops = dropsBy(cluster, () => expect(replay(cluster, wire)).toEqual(["dropped"]));
  expect(drops["table: old operation"]).toBeGreaterThan(0);
  expect(drops["table: late answer"]).toBeGreaterThan(0);
  for (const forwarder of [1, 2])
    expect(destinationOf(toldOf(cluster.send(forwarder, client.payload("GET /").bytes)))).toBe("10.2.0.2:80");
});

test("when its flow is forgotten everywhere: no replica stores what it has been told once", async () => {
  const { cluster, wire } = await recorded();
  const updates = wire.filter(({ frame }) => operationOf(frame) === "update");
  cluster.advance(20_000n * SECOND);
  cluster.configure(0, { "balancer.backends": ["10.2.0.2:80"] });
  const drops = dropsBy(cluster, () => expect(replay(cluster, updates)).toEqual(["dropped"]));
  expect(drops).toEqual({ "table: old operation": updates.length });
  // The tail has no entry, and no replica another than its head makes.
  expect(destinationOf(toldOf(cluster.send(2, client.payload("GET /").bytes)))).toBe("10.2.0.2:80");
});

describe("from a tenant", () => {
  test("sent to a forwarder itself: it is not from the cluster's side", async () => {
    const { cluster, wire } = await recorded();
    const before = kept(cluster);
    const drops = dropsBy(cluster, () => {
      for (const { frame } of wire) for (const at of cluster.forwarders) cluster.send(at, toMember(frame, at));
    });
    expect(drops).toEqual({ "table: not from the cluster": 2 * wire.length });
    expect([kept(cluster), cluster.wire()]).toEqual([before, []]);
  });

  test("in its overlay: it is one of its packets, and no operation", async () => {
    const { cluster, wire } = await recorded();
    const before = kept(cluster);
    for (const { frame } of wire) {
      const way = { from: "198.51.100.9", to: addressOf(MEMBERS.forwarder), vni: 71 };
      const left = cluster.send(MEMBERS.forwarder, vxlan(fromBytes(frame), way).bytes);
      expect(left.map(({ how }) => how)).toEqual(["dropped"]);
    }
    // A forwarder asks whose such a packet is: nobody's.
    const kinds = new Set(cluster.wire().map((one) => operationOf(one.frame)));
    expect([...kinds].sort()).toEqual(["decide", "lookup", "nobody"]);
    expect(kept(cluster)).toEqual(before);
  });
});

describe("in the kernel", () => {
  let node: AnyMember;
  beforeAll(async () => {
    // A turn of no time: what is not newer than all before it is old.
    node = await openKernelMember({ role: "table", services: [balancer], constants: { zeta_table_ended: 0 } });
    await introduce(MEMBERS.replica, node, [1, 2, ...TABLE]);
    node.dataPlane.view(
      { id: MEMBERS.replica, address: addressOf(MEMBERS.replica), interfaces: [1] },
      { epoch: 1, paths: Array.from({ length: BUCKETS }, () => ({ members: TABLE, complete: 3 })) },
    );
  }, 240_000);
  afterAll(() => node?.close());

  test("an entry that comes again later is refused, and counted", async () => {
    const { wire } = await recorded();
    const [one] = wire.filter(({ to, frame }) => to === MEMBERS.replica && operationOf(frame) === "update");
    const { frame } = one as Wire;
    expect(node.run(frame, 1).action).toBe(4);
    expect(node.run(frame, 1).action).toBe(1);
    expect(node.drops()).toEqual({ "table: old operation": 1 });
  });
});
