/**
 * Operations that somebody recorded on the cluster's side and sends again later: their tags are good. None changes what was decided,
 * none brings back what has ended, and what comes too late is counted by its reason.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fragments, fromBytes, icmp, type Packet, tcp, udp, vxlan } from "zeta/testing";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import { addressOf, type Cluster, introduce, KEY, openCluster, type Wire } from "../kit/cluster/cluster.ts";
import { type AnyMember, openKernelMember } from "../kit/cluster/kernel-member.ts";
import { openMember } from "../kit/cluster/member.ts";
import { AT, type OperationName, operationOf, tagged } from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, toldOf } from "./told.ts";

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

const QUESTIONS = ["lookup", "decide", "touch", "close"] as const;
const of = (wire: readonly Wire[], kind: OperationName): Wire =>
  wire.find(({ frame }) => operationOf(frame) === kind) as Wire;
/** What each of these members has sent back, or asked again. */
const bouncesOf = ({ members }: Cluster, ids: readonly number[]) => ids.map((id) => members.get(id)?.bounces());

test.each(QUESTIONS)("a %s of long ago: it goes back to its forwarder, which has given the packet up", async (kind) => {
  const { cluster, wire } = await recorded();
  const { from, to, frame } = of(wire, kind);
  cluster.advance(20_000n * SECOND);
  const drops = dropsBy(cluster, () => expect(toldOf(cluster.deliver(to, frame))).toBe("dropped"));
  expect(drops).toEqual({ "table: late answer": 1 });
  expect(bouncesOf(cluster, [to, from])).toEqual([{ "table: age in doubt": 1 }, {}]);
  // Nobody else has heard of it.
  expect(hopsOf(cluster)).toEqual([`${to} stale ${from}`]);
});

test.each([false, true])("the close of a connection, when its successor stands (sent again: %s)", async (again) => {
  const { cluster, wire } = await recorded();
  cluster.advance(400n * SECOND);
  cluster.send(1, client.syn().bytes);
  cluster.send(2, server.synAck().bytes);
  cluster.send(2, client.payload("GET /").bytes);
  const more = Array.from({ length: 20 }, (_, host) => `10.2.0.${host + 1}:80`);
  cluster.configure(0, { "balancer.backends": more });
  cluster.advance(SECOND);
  const close = of(wire, "close");
  if (again) expect(toldOf(cluster.deliver(close.to, close.frame))).toBe("dropped");
  cluster.advance(400n * SECOND);
  expect(destinationOf(toldOf(cluster.send(1, client.payload("GET /").bytes)))).toBe("10.2.0.1:80");
});

test("what has been under way for as long as it may be is acted upon, behind others and twice", async () => {
  const { cluster } = await recorded();
  const held: Wire[] = [];
  cluster.lose((one) => held.push(one) > 0);
  cluster.send(1, another.syn().bytes);
  cluster.lose(() => false);
  cluster.advance(3n * SECOND);
  expect(destinationOf(toldOf(cluster.send(1, client.payload("GET /").bytes)))).toBe("10.2.0.1:80");
  cluster.advance(SECOND / 2n);
  const [{ to, frame }] = held as [Wire];
  for (const _ of [1, 2]) expect(toldOf(cluster.deliver(to, frame))).toBe("sent 10.0.0.8:40000 > 10.2.0.1:80");
  expect(bouncesOf(cluster, [MEMBERS.head, MEMBERS.tail])).toEqual([{}, {}]);
});

test("what asks about fragments, errors and answers, of long ago: it goes back, or is dropped where it cannot come again", async () => {
  const firewall = {
    source: new URL("../../examples/stateful-firewall/service.ts", import.meta.url),
    config: { "firewall.inside": { "0.0.0.0/0": 1 } },
  };
  const datagrams = { "service.listen": ["10.1.0.1:53/udp"], "balancer.backends": ["10.2.0.1:53"] };
  const services = [{ ...balancer, config: datagrams }, firewall];
  const cluster = await openCluster({ forwarders: 2, chains: [3], services });
  const question = udp("10.0.0.7:5000", "10.1.0.1:53").payload("x".repeat(3000));
  const about = udp("10.0.0.7:5000", "10.2.0.1:53").payload("?");
  const error = icmp("100.64.0.9", "10.0.0.7").timeExceeded(about);
  const answer = tcp("10.0.0.9:4000", "10.9.0.1:80").payload("GET /");
  const [first, ...later] = fragments(question, { size: 1200 }) as [Packet, ...Packet[]];
  for (const { bytes } of [first, answer]) cluster.send(2, bytes);
  for (const { bytes } of [...later, error]) cluster.send(1, bytes);
  const asked = cluster.wire().filter(({ from }) => from <= 2);
  expect(new Set(asked.map(({ frame }) => operationOf(frame)))).toEqual(new Set(["fragment", "lookup", "seek"]));
  cluster.advance(20_000n * SECOND);
  const drops = dropsBy(cluster, () => {
    for (const { to, frame } of asked) expect(toldOf(cluster.deliver(to, frame))).toBe("dropped");
  });
  expect(Object.keys(drops).sort()).toEqual(["table: late answer", "table: old operation"]);
  expect(Object.values(drops).reduce((sum, count) => sum + count)).toBe(asked.length);
  expect(new Set(hopsOf(cluster).map((hop) => hop.split(" ")[1]))).toEqual(new Set(["stale"]));
});

describe("clocks", () => {
  const numbered = (host: number) => tcp(`10.0.1.${host}:40000`, "10.1.0.1:80").syn().bytes;
  const passes = ({ members }: Cluster, at: number, seconds: number): void =>
    members.get(at)?.advance(BigInt(Math.round(seconds * 1000)) * (SECOND / 1000n));

  test.each([
    ["stood still, or began anew,", TABLE, 20_000],
    ["has leapt", [MEMBERS.forwarder], 20_000],
    ["has not been heard of for two years", [MEMBERS.forwarder, ...TABLE], 63_000_000],
  ] as const)("a forwarder whose clock %s asks twice, once", async (_, whose, seconds) => {
    const { cluster } = await recorded();
    for (const id of whose) passes(cluster, id, seconds);
    for (const host of [1, 2, 3, 4])
      expect(destinationOf(toldOf(cluster.send(MEMBERS.forwarder, numbered(host))))).toBe("10.2.0.1:80");
    const seen = bouncesOf(cluster, [MEMBERS.forwarder, MEMBERS.head]);
    expect(seen).toEqual([{ "table: asked again": 1 }, { "table: age in doubt": 1 }]);
  });

  test("a copy from before that is refused after it", async () => {
    const { cluster, wire } = await recorded();
    for (const id of TABLE) passes(cluster, id, 20_000);
    for (const id of cluster.forwarders) {
      passes(cluster, id, 10);
      cluster.send(id, numbered(id));
    }
    hopsOf(cluster);
    const copies = QUESTIONS.map((kind) => of(wire, kind));
    for (const { to, frame } of copies) expect(toldOf(cluster.deliver(to, frame))).toBe("dropped");
    expect(hopsOf(cluster)).toEqual(copies.map(({ from, to }) => `${to} stale ${from}`));
  });

  test.each([0.6, 0.9, 1.1, 1.8])("one that runs %s times as fast is never in doubt", async (rate) => {
    const { cluster } = await recorded();
    for (let host = 1; host <= 60; host++) {
      for (const id of TABLE) passes(cluster, id, host);
      passes(cluster, MEMBERS.forwarder, host * rate);
      expect(destinationOf(toldOf(cluster.send(MEMBERS.forwarder, numbered(host))))).toBe("10.2.0.1:80");
    }
    expect(bouncesOf(cluster, [MEMBERS.forwarder, MEMBERS.head])).toEqual([{}, {}]);
  });
});

/** At a flow-table node by itself, whose packets get an hour old: spans of 64 ms. */
describe.each(["interpreter", "kernel"] as const)("an operation by its age: %s", (target) => {
  const HOUR = 56_250;
  test.each(QUESTIONS)(
    "%s",
    async (kind) => {
      const { wire } = await recorded();
      const { to, frame } = of(wire, kind);
      const options = { role: "table", services: [balancer], constants: { zeta_table_resend: 3600 } } as const;
      const node: AnyMember = await (target === "kernel" ? openKernelMember(options) : openMember(options));
      try {
        await introduce(to, node, [1, 2, ...TABLE]);
        node.dataPlane.view(
          { id: to, address: addressOf(to), interfaces: [1] },
          { epoch: 1, paths: Array.from({ length: BUCKETS }, () => ({ members: TABLE, complete: 3 })) },
        );
        const sentAt = (sent: number, detail = 0): { became: string; detail: number } => {
          const out = Buffer.from(frame);
          out.writeUInt32BE(sent >>> 0, AT.sent);
          out.writeUInt32BE(detail, AT.detail);
          const { action, packet } = node.run(tagged(out, KEY), 1);
          expect(action).toBe(4);
          const became = operationOf(packet);
          return {
            became: became === "stale" ? became : "served",
            detail: Buffer.from(packet).readUInt32BE(AT.detail),
          };
        };
        const now = 5_000_000;
        expect(sentAt(now).became).toBe("served");
        expect(sentAt(now - HOUR + 1000).became).toBe("served");
        expect(node.bounces()).toEqual({});
        const flows = node.flows();
        for (const sent of [now - HOUR - 1000, 0, now + HOUR + 5000, now + 2 ** 31 - 1])
          expect(sentAt(sent).became).toBe("stale");
        expect([node.bounces(), node.drops(), node.flows()]).toEqual([{ "table: age in doubt": 4 }, {}, flows]);
        const { detail } = sentAt(now - 2 * HOUR);
        // It was asked back too long ago, or not at all; and just now.
        const TIME = 2 ** 31;
        const before = TIME + ((detail - TIME - HOUR - 1000 + TIME) % TIME);
        for (const other of [before, detail - TIME]) expect(sentAt(now - 2 * HOUR, other).became).toBe("stale");
        expect(sentAt(now - 2 * HOUR, detail).became).toBe("served");
        expect(sentAt(now - 2 * HOUR).became).toBe("served");
        expect(sentAt(now).became).toBe("stale");
      } finally {
        node.close();
      }
    },
    240_000,
  );
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
