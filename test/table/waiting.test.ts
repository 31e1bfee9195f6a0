/** Decisions that wait, on a cluster: each packet of a handshake by another forwarder, and as it would be on one node. */
import { describe, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { ackOf, COOKIE, client, dataOf, FAMILIES, PROBE, proxy, SERVER, sentBy, server, synAckOf } from "./proxied.ts";
import { dropsOf, hopsOf, toldOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const open = (...chains: number[]) => openCluster({ forwarders: 3, chains, services: [proxy] });

describe.each([[[1]], [[3, 2]]])("chains of %j", (chains) => {
  test.each(FAMILIES)("%s: both handshakes meet, and numbers are shifted at every forwarder", async (_, from, back) => {
    const cluster = await open(...chains);
    expect(sentBy(cluster, 1, from.syn())).toBe(`syn ack ${COOKIE} 1001`);
    expect(hopsOf(cluster)).toEqual([]);
    expect(sentBy(cluster, 2, ackOf(from))).toBe("syn 1000 0");
    expect(sentBy(cluster, 3, synAckOf(back))).toBe(PROBE);
    for (const forwarder of [1, 2, 3, 1]) {
      expect(sentBy(cluster, forwarder, ackOf(from))).toBe(`ack 1001 ${SERVER + 1}`);
      expect(sentBy(cluster, forwarder, dataOf(back))).toBe(`psh ack ${(COOKIE + 1) >>> 0} 1001`);
    }
    cluster.wire();
    for (const forwarder of [1, 2, 3]) cluster.send(forwarder, ackOf(from).bytes);
    expect(hopsOf(cluster)).toEqual([]);
    expect(dropsOf(cluster)).toEqual({});
  });
});

test("the SYN goes on again by whichever forwarder its client repeats itself, with what it offered", async () => {
  const cluster = await open(3);
  sentBy(cluster, 1, client.syn());
  const [first] = cluster.send(2, ackOf(client).bytes);
  for (const forwarder of [2, 1, 3]) {
    const [again] = cluster.send(forwarder, ackOf(client).bytes);
    expect(again?.frame).toEqual(first?.frame);
  }
  // The data behind it waits for the server.
  expect(sentBy(cluster, 1, ackOf(client, 1002))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "waits for an answer": 1 });
});

test("the head of a chain goes between the handshakes", async () => {
  const cluster = await open(3);
  expect(sentBy(cluster, 1, ackOf(client))).toBe("syn 1000 0");
  const [chain] = cluster.chains;
  cluster.view([chain?.slice(1) ?? []]);
  expect(sentBy(cluster, 3, ackOf(client))).toBe("syn 1000 0");
  expect(sentBy(cluster, 2, synAckOf(server))).toBe(PROBE);
  cluster.view([chain?.slice(2) ?? []]);
  expect(sentBy(cluster, 1, ackOf(client))).toBe(`ack 1001 ${SERVER + 1}`);
  expect(sentBy(cluster, 3, dataOf(server))).toBe(`psh ack ${(COOKIE + 1) >>> 0} 1001`);
});

test("what is lost on the way along the chain is done again", async () => {
  const cluster = await open(3);
  cluster.lose(({ from }) => from === 5);
  expect(sentBy(cluster, 1, ackOf(client))).toBe("nothing");
  cluster.lose(() => false);
  expect(sentBy(cluster, 2, ackOf(client))).toBe("syn 1000 0");
  cluster.lose(({ from }) => from === 5);
  expect(sentBy(cluster, 3, synAckOf(server))).toBe("nothing");
  cluster.lose(() => false);
  // The head knows of the answer, and the others hear of it with whatever comes next.
  expect(sentBy(cluster, 3, synAckOf(server))).toBe(PROBE);
  expect(sentBy(cluster, 1, dataOf(server))).toBe(`psh ack ${(COOKIE + 1) >>> 0} 1001`);
});

test("a middlebox that ends the waiting ends it for the whole chain: by a drop, or a reject that the server hears", async () => {
  const cluster = await open(3);
  const urgent = { tcp: { sequence: SERVER, acknowledgement: 1001 } };
  for (const [port, flags, how] of [
    [41_001, ["fin", "ack"], "dropped"],
    [41_002, ["urg", "ack"], "sent 10.0.0.7:41002 > 10.9.0.1:8080"],
  ] as const) {
    expect(sentBy(cluster, 1, ackOf(tcp(`10.0.0.7:${port}`, "10.1.0.1:80")))).toBe("syn 1000 0");
    cluster.wire();
    const left = cluster.send(2, tcp("10.9.0.1:8080", `10.0.0.7:${port}`).packet(flags, urgent).bytes);
    expect(toldOf(left)).toBe(how);
    expect(hopsOf(cluster).slice(-4)).toEqual(["4 update 5", "5 update 6", "6 over 4", "4 reply 2"]);
    expect(sentBy(cluster, 3, ackOf(tcp(`10.0.0.7:${port}`, "10.1.0.1:80")))).toBe("dropped");
  }
  cluster.advance(10n * SECOND);
  expect(sentBy(cluster, 3, ackOf(tcp("10.0.0.7:41001", "10.1.0.1:80")))).toBe("syn 1000 0");
});

test("a client's port is used again when no forwarder can shift by the old connection's numbers any more", async () => {
  const cluster = await open(3);
  sentBy(cluster, 1, ackOf(client));
  sentBy(cluster, 2, synAckOf(server));
  expect(sentBy(cluster, 3, ackOf(client))).toBe(`ack 1001 ${SERVER + 1}`);
  expect(sentBy(cluster, 1, dataOf(server))).toMatch(/^psh ack/);
  cluster.send(2, client.fin({ tcp: { acknowledgement: (COOKIE + 1) >>> 0 } }).bytes);
  const [next, number] = [500_001, 9_000_000];
  expect(sentBy(cluster, 2, ackOf(client, next))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "table: flow has ended": 1 });
  cluster.advance(9n * SECOND);
  expect(sentBy(cluster, 1, ackOf(client, next))).toBe("syn 500000 0");
  expect(sentBy(cluster, 3, synAckOf(server, next, number))).toBe(`ack ${COOKIE} ${next}`);
  for (const forwarder of [1, 2, 3]) {
    expect(sentBy(cluster, forwarder, ackOf(client, next))).toBe(`ack ${next} ${number + 1}`);
    expect(sentBy(cluster, forwarder, dataOf(server, number + 1))).toBe(`psh ack ${(COOKIE + 1) >>> 0} 1001`);
  }
});

test("one that waits does so for another connection's sake at once: nobody follows it", async () => {
  const cluster = await open(3);
  expect(sentBy(cluster, 1, ackOf(client))).toBe("syn 1000 0");
  expect(sentBy(cluster, 2, ackOf(client, 500_001))).toBe("syn 500000 0");
  expect(sentBy(cluster, 3, synAckOf(server))).toBe("dropped");
  expect(sentBy(cluster, 3, synAckOf(server, 500_001))).toBe(`ack ${COOKIE} 500001`);
});
