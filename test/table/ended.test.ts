/** Decisions that end: never two for one lifetime of a flow, and a new one as soon as nobody can follow the old. */
import { beforeEach, describe, expect, test } from "vitest";
import { icmp, tcp } from "zeta/testing";
import { type Cluster, openCluster, type Wire } from "../kit/cluster/cluster.ts";
import { operationOf } from "../kit/cluster/operation.ts";
import { onBothTargets } from "./both-targets.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, toldOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const balancer = (backends: readonly string[]) => ({
  source: new URL("../../examples/balancer/service.ts", import.meta.url),
  config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": backends },
});
const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const open = (chain: number) => openCluster({ forwarders: 2, chains: [chain], services: [balancer(["10.2.0.1:80"])] });

describe.each([[1], [3]])("a chain of %i", (chain) => {
  test("a connection that has closed opens again as it was, at once", async () => {
    const cluster = await open(chain);
    cluster.send(1, client.syn().bytes);
    cluster.send(2, client.fin().bytes);
    expect(hopsOf(cluster).at(-1)).toBe(`${2 + chain} reply 2`);
    expect(destinationOf(toldOf(cluster.send(1, client.syn().bytes)))).toBe("10.2.0.1:80");
    expect(dropsOf(cluster)).toEqual({});
  });

  test("one whose backend has gone ends everywhere, and is decided anew when no lease is left", async () => {
    const cluster = await open(chain);
    cluster.send(1, client.syn().bytes);
    cluster.send(2, client.payload("GET /").bytes);
    cluster.configure(0, { "balancer.backends": ["10.2.0.2:80"] });
    // Its head ends it; the other forwarder may follow the old decision for as long as its lease lasts.
    expect(toldOf(cluster.send(1, client.payload("GET /").bytes))).toBe("dropped");
    cluster.advance(2n * SECOND);
    expect(toldOf(cluster.send(1, client.syn().bytes))).toBe("dropped");
    cluster.advance(7n * SECOND);
    expect(destinationOf(toldOf(cluster.send(1, client.syn().bytes)))).toBe("10.2.0.2:80");
    expect(destinationOf(toldOf(cluster.send(2, client.payload("GET /").bytes)))).toBe("10.2.0.2:80");
    expect(dropsOf(cluster)).toEqual({ "table: flow has ended": 2 });
  });
});

/** Its next connection is decided otherwise, under the same config: no forwarder would ask for what it has. */
const bySequence = {
  source: new URL("by-sequence.ts", import.meta.url),
  config: { "service.listen": ["10.1.0.1:80/tcp"], "choice.even": "10.2.0.2:80", "choice.odd": "10.2.0.1:80" },
};
const first = client.syn({ tcp: { sequence: 1001 } }).bytes;
const next = client.syn({ tcp: { sequence: 2002 } }).bytes;
const data = client.payload("GET /").bytes;
const isUpdate = ({ frame }: Wire): boolean => operationOf(frame) === "update";

describe("an end that was lost on its way", () => {
  const [HEAD, TAIL] = [4, 5];
  let cluster: Cluster;
  const sent = (by: number, packet: Uint8Array): string => destinationOf(toldOf(cluster.send(by, packet)));
  beforeEach(async () => {
    cluster = await openCluster({ forwarders: 3, chains: [2], services: [bySequence] });
    expect(sent(1, first)).toBe("10.2.0.1:80");
    expect(sent(1, client.rst().bytes)).toBe("10.2.0.1:80");
    cluster.lose(isUpdate);
    cluster.send(1, next);
    cluster.lose(() => false);
    cluster.wire();
  });

  test("is told again to whoever asks, until all have heard", () => {
    cluster.send(1, next);
    expect(hopsOf(cluster)).toEqual([
      `1 decide ${HEAD}`,
      `${HEAD} update ${TAIL}`,
      `${TAIL} over ${HEAD}`,
      `${HEAD} reply 1`,
    ]);
    cluster.send(1, next);
    expect(hopsOf(cluster)).toEqual([`1 decide ${HEAD}`]);
    expect(dropsOf(cluster)).toEqual({ "table: flow has ended": 2 });
    cluster.advance(8n * SECOND);
    expect(sent(2, next)).toBe("10.2.0.2:80");
  });

  test("on either target", async () => {
    const one = await openCluster({ forwarders: 1, chains: [2], services: [bySequence] });
    const [head = 0, tail = 0] = one.chains[0] ?? [];
    for (const packet of [first, client.rst().bytes, next, next]) one.send(1, packet);
    const wire = one.wire();
    const atHead = ["update", "update", "update", "reply", "1"];
    for (const run of await onBothTargets([bySequence], one, wire, head))
      expect(run).toMatchObject({ became: atHead, drops: { "table: flow has ended": 1 } });
    for (const run of await onBothTargets([bySequence], one, wire, tail))
      expect(run).toMatchObject({ became: ["reply", "reply", "over"], drops: {} });
  }, 120_000);

  test("stands until nobody follows the old decision who has not heard", () => {
    cluster.advance(7n * SECOND);
    const seen: string[] = [];
    // Before the head forgets, and after: the reading node knows of no end, and one of two forwarders has a young lease each time.
    for (let quarter = 0; quarter < 48; quarter++) {
      if (quarter > 3) seen.push(sent(1, next));
      seen.push(sent(2, data));
      if (quarter > 1) seen.push(sent(3, data));
      cluster.advance(SECOND / 4n);
    }
    const passed = seen.filter((one) => one !== "");
    expect(new Set(passed)).toEqual(new Set(["10.2.0.1:80", "10.2.0.2:80"]));
    expect(passed.indexOf("10.2.0.2:80")).toBeGreaterThan(passed.lastIndexOf("10.2.0.1:80"));
  });

  test("ends by itself where nobody asks, when the flow has rested", () => {
    // A fifth of the life of a closing connection, and what ended ones are remembered for.
    cluster.advance(69n * SECOND);
    expect(sent(2, next)).toBe("10.2.0.2:80");
  });
});

test("an error gives no lease that outlasts the flow", async () => {
  const cluster = await openCluster({ forwarders: 2, chains: [2], services: [bySequence] });
  const [left] = cluster.send(1, first);
  const error = icmp("100.64.0.9", "10.0.0.7").timeExceeded(tcp("10.0.0.7:40000", "10.2.0.1:80").syn());
  expect(left?.how).toBe("sent");
  cluster.advance(290n * SECOND);
  expect(cluster.send(2, error.bytes).map(({ how }) => how)).toEqual(["sent"]);
  cluster.advance(5n * SECOND);
  expect(cluster.send(2, error.bytes).map(({ how }) => how)).toEqual(["host"]);
});

describe("a decision that its head has forgotten, and another member has not", () => {
  let cluster: Cluster;
  const sent = (by: number, packet: Uint8Array): string => destinationOf(toldOf(cluster.send(by, packet)));
  /** The second of the chain alone has heard of the flow's last packet, that many seconds before its head decides anew. */
  const forgotten = async (before: bigint): Promise<void> => {
    cluster = await openCluster({ forwarders: 2, chains: [2], services: [bySequence] });
    expect(sent(1, first)).toBe("10.2.0.1:80");
    const [chain = []] = cluster.chains;
    cluster.view([chain.slice(1)]);
    cluster.advance((301n - before) * SECOND);
    expect(sent(1, first)).toBe("10.2.0.1:80");
    cluster.view([chain]);
    cluster.advance(before * SECOND);
  };

  test("makes room for another when it has rested", async () => {
    await forgotten(100n);
    expect(sent(2, next)).toBe("10.2.0.2:80");
    expect(dropsOf(cluster)).toEqual({});
  });

  test("and otherwise ends first, and is remembered", async () => {
    await forgotten(20n);
    for (let second = 0; second < 8; second++) {
      expect(sent(2, next)).toBe("");
      cluster.advance(SECOND);
    }
    cluster.advance(SECOND);
    expect(sent(2, next)).toBe("10.2.0.2:80");
    expect(dropsOf(cluster)).toEqual({ "table: conflict": 8 });
  });
});
