/** The demo's network, traffic and checks, proved on the kernel's own balancer: what is left is the service itself. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Built, buildLab, fetchMany } from "../../runtime/lab/index.ts";
import type { Gateway } from "../../scripts/demo/gateway.ts";
import { booked, total } from "../../scripts/demo/ledger.ts";
import { buildNetwork, type DemoNetwork } from "../../scripts/demo/network.ts";
import { startNftables } from "../../scripts/demo/nftables.ts";
import { changeLive, driveConnections, measureRate, reachEachBackend } from "../../scripts/demo/steps.ts";

let network: Built<DemoNetwork> | undefined;
let gateway: Gateway;
const size = { connections: 600, seconds: 1 };
const quiet = () => {};

beforeAll(async () => {
  network = await buildLab(buildNetwork);
  await reachEachBackend(network, quiet);
  gateway = await startNftables(network);
});
afterAll(async () => network?.[Symbol.asyncDispose]());

const built = () => network ?? expect.unreachable("the network was not built");

test("connections are spread, counted and none lost", () => driveConnections(built(), gateway, size, quiet));
test("a rate is measured", () => measureRate(built(), size, quiet));
test("rules and backends change under running connections", () => changeLive(built(), gateway, size, quiet));

test("books that disagree end the demo", async () => {
  const { client, backends } = built();
  const [first] = backends;
  const aside = () => fetchMany(client, `http://${first?.address}/`, { count: 3 });
  await expect(booked(gateway, backends, aside)).rejects.toThrow(/servers logged one 3 .* the gateway counted one 0 /);
});

test("what the servers logged is what the gateway counted", async () => {
  const { client, backends, serviceAddress } = built();
  const { spread } = await booked(gateway, backends, () =>
    fetchMany(client, `http://${serviceAddress}/`, { count: 30 }),
  );
  expect(total(spread)).toBe(30);
});

test("a lost connection ends the demo", async () => {
  const { backends } = built();
  await gateway.useBackends(backends.slice(0, 1));
  await backends[0]?.server.process.dispose();
  const driving = driveConnections(built(), gateway, { connections: 5, seconds: 1 }, quiet);
  await expect(driving).rejects.toThrow(/of 5 requests failed: 5 × .*connect/i);
});
