/** The walk of a packet through forwarders and a chain, in the interpreter: who decides, who keeps, and what goes along. */
import { describe, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { BUCKETS, bucketOf } from "../../runtime/cluster/buckets.ts";
import { parseAddress } from "../../sdk/layout/address.ts";
import { addressOf, CLUSTER_SIDE, type Cluster, openCluster } from "../kit/cluster/cluster.ts";
import { AT } from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";
import { dropsOf, hopsOf, toldOf } from "./told.ts";

compileFirst();

const balancer = {
  source: new URL("../../examples/balancer/service.ts", import.meta.url),
  config: {
    "service.listen": ["10.1.0.1:80/tcp", "[2001:db8:1::1]:80/tcp"],
    "balancer.backends": ["10.2.0.1:8080", "10.2.0.2:8080", "10.2.0.3:8080", "[2001:db8:2::1]:8080"],
  },
};
const open = (length: number, forwarders = 3) => openCluster({ forwarders, chains: [length], services: [balancer] });

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
/** The first three segments by three forwarders, and what became of each. */
const connect = (cluster: Cluster) => {
  const syn = cluster.send(1, client.syn().bytes);
  const backend = toldOf(syn).split(" > ")[1] ?? "";
  const server = tcp(backend, "10.0.0.7:40000");
  const synAck = cluster.send(2, server.synAck().bytes);
  const ack = cluster.send(3, client.ack().bytes);
  return { backend, server, syn, synAck, ack };
};

describe.each([1, 2, 3])("a chain of %i", (length) => {
  const members = Array.from({ length }, (_, index) => 4 + index);

  test("a new flow takes one hop more than the chain is long, and leaves by its forwarder", async () => {
    const cluster = await open(length);
    const left = cluster.send(1, client.syn().bytes);
    expect(toldOf(left)).toMatch(/^sent 10\.0\.0\.7:40000 > 10\.2\.0\.[123]:8080$/);
    expect(left).toHaveLength(1);
    expect(left[0]?.by).toBe(1);
    const along = members.slice(1).map((to, index) => `${members[index]} update ${to}`);
    expect(hopsOf(cluster)).toEqual([`1 decide 4`, ...along, `${members.at(-1)} reply 1`]);
  });

  test("each packet by another forwarder, both ways: one backend, and established flows go straight", async () => {
    const cluster = await open(length);
    const { backend, server, synAck, ack } = connect(cluster);
    expect(toldOf(synAck)).toBe("sent 10.1.0.1:80 > 10.0.0.7:40000");
    expect(toldOf(ack)).toBe(`sent 10.0.0.7:40000 > ${backend}`);
    for (const forwarder of [1, 2, 3]) {
      expect(toldOf(cluster.send(forwarder, client.payload("GET /").bytes))).toBe(`sent 10.0.0.7:40000 > ${backend}`);
      expect(toldOf(cluster.send(forwarder, server.payload("200").bytes))).toBe("sent 10.1.0.1:80 > 10.0.0.7:40000");
    }
    cluster.wire();
    for (const forwarder of [1, 2, 3]) cluster.send(forwarder, client.payload("GET /").bytes);
    expect(hopsOf(cluster)).toEqual([]);
  });

  test("IPv6 alike", async () => {
    const cluster = await open(length);
    const six = tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80");
    expect(toldOf(cluster.send(1, six.syn().bytes))).toBe("sent 2001:db8::7:40000 > 2001:db8:2::1:8080");
    const server = tcp("[2001:db8:2::1]:8080", "[2001:db8::7]:40000");
    expect(toldOf(cluster.send(2, server.synAck().bytes))).toBe("sent 2001:db8:1::1:80 > 2001:db8::7:40000");
  });
});

test("an established flow is one round trip away from a forwarder that has not seen it", async () => {
  const cluster = await open(3, 4);
  const { backend } = connect(cluster);
  cluster.wire();
  expect(toldOf(cluster.send(4, client.payload("GET /").bytes))).toBe(`sent 10.0.0.7:40000 > ${backend}`);
  expect(hopsOf(cluster)).toEqual(["4 lookup 7", "7 reply 4"]);
});

test("what is lost on its way along the chain was never released, and the client's next attempt is", async () => {
  const cluster = await open(3);
  cluster.lose(({ from }) => from === 5);
  expect(cluster.send(1, client.syn().bytes)).toEqual([]);
  cluster.lose(() => false);
  cluster.wire();
  expect(toldOf(cluster.send(2, client.syn().bytes))).toMatch(/^sent /);
  expect(hopsOf(cluster)).toEqual(["2 decide 4", "4 update 5", "5 update 6", "6 reply 2"]);
});

test("an answer that comes when its lease is over is not followed", async () => {
  const cluster = await open(1);
  let held: Uint8Array | null = null;
  cluster.lose(({ to, frame }) => {
    if (to !== 1) return false;
    held = frame;
    return true;
  });
  cluster.send(1, client.syn().bytes);
  cluster.lose(() => false);
  cluster.advance(600_000_000_000n);
  expect(cluster.deliver(1, held as never).map(({ how }) => how)).toEqual(["dropped"]);
  expect(cluster.members.get(1)?.drops()).toEqual({ "table: late answer": 1 });
});

test("buckets are those that agents count with", async () => {
  const cluster = await open(1, 1);
  for (let i = 0; i < 200; i++) {
    const [address, port] = [`10.${i}.${(i * 37) & 255}.7`, 1024 + i * 331];
    cluster.send(1, tcp(`${address}:${port & 0xffff}`, "10.1.0.1:80").syn().bytes);
    const frame = Buffer.from(cluster.wire()[0]?.frame ?? []);
    const bucket = frame.readUInt16BE(AT.bucket);
    expect(bucket).toBe(bucketOf(parseAddress(address) as bigint, port & 0xffff));
  }
});

test("nodes that do not agree about the epoch send a packet to and fro for as many hops as it has, and then drop it", async () => {
  const cluster = await open(1, 1);
  const [forwarder, table] = [1, 2] as const;
  const paths = Array.from({ length: BUCKETS }, () => ({ members: [table], complete: 1 }));
  const self = { id: forwarder, address: addressOf(forwarder), interfaces: [CLUSTER_SIDE] };
  const view = (epoch: number) => cluster.members.get(forwarder)?.dataPlane.view(self, { epoch, paths });
  view(9);
  expect(cluster.send(forwarder, client.syn().bytes).map(({ how }) => how)).toEqual(["dropped"]);
  const hops = hopsOf(cluster);
  expect(hops).toHaveLength(20);
  expect(hops.slice(0, 4)).toEqual(["1 decide 2", "2 stale 1", "1 decide 2", "2 stale 1"]);
  expect(dropsOf(cluster)).toEqual({ "table: hop budget": 1 });
  view(1);
  expect(toldOf(cluster.send(forwarder, client.syn().bytes))).toMatch(/^sent /);
});
