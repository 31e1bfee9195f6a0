/** Decisions that end: never two for one lifetime of a flow, and a new one as soon as nobody can follow the old. */
import { expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, toldOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const balancer = (backends: readonly string[]) => ({
  source: new URL("../../examples/balancer/service.ts", import.meta.url),
  config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": backends },
});
const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const open = () => openCluster({ forwarders: 2, chains: [3], services: [balancer(["10.2.0.1:80"])] });

test("a connection that has closed opens again as it was, at once", async () => {
  const cluster = await open();
  cluster.send(1, client.syn().bytes);
  cluster.send(2, client.fin().bytes);
  expect(hopsOf(cluster).at(-1)).toBe("5 reply 2");
  expect(destinationOf(toldOf(cluster.send(1, client.syn().bytes)))).toBe("10.2.0.1:80");
  expect(dropsOf(cluster)).toEqual({});
});

test("one whose backend has gone ends everywhere, and is decided anew when no lease is left", async () => {
  const cluster = await open();
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
