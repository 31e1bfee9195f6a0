/** Datagrams longer than a link takes go through a balancer whole, both ways, as their senders' kernels cut them. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningNode } from "../../runtime/index.ts";
import type { Built } from "../../runtime/lab/index.ts";
import { mirror, mirrored } from "../lab/long-datagrams.ts";
import { type Gateway, gatewayLab, startOn } from "./gateway.ts";
import { built } from "./sources.ts";

const balancer = readFileSync(new URL("../../examples/balancer/service.ts", import.meta.url), "utf8");
const FAMILIES = [
  { name: "IPv4", service: "10.1.0.1", at: "10.1.0.1:5300/udp", host: "10.2.0.1", backend: "10.2.0.1:5301" },
  {
    name: "IPv6",
    service: "2001:db8:1::1",
    at: "[2001:db8:1::1]:5300/udp",
    host: "2001:db8:2::1",
    backend: "[2001:db8:2::1]:5301",
  },
];

let lab: Built<Gateway>;
let running: RunningNode;
beforeAll(async () => {
  lab = await gatewayLab();
  running = await startOn(lab);
  const version = await built(balancer);
  for (const { name, at, host, backend } of FAMILIES) {
    await mirror(lab.server, host, 5301);
    const config = { service: { listen: [at] }, balancer: { backends: [backend] } };
    await running.node.add(version, { name, config });
  }
});
afterAll(async () => {
  await running?.close();
  await lab?.lab.dispose();
});

test.each(FAMILIES)("$name: 1400, 4000 and 30000 bytes", async ({ service }) => {
  expect(await mirrored(lab.client, service, 5300, [1400, 4000, 30_000])).toEqual({ 1400: 20, 4000: 20, 30000: 20 });
});

test.each(FAMILIES)("$name: a datagram to the gateway itself is the host's, and comes whole", async ({ service }) => {
  const own = service.includes(":") ? "2001:db8::1" : "10.0.0.1";
  const server = await mirror(lab.gateway, own, 5302);
  const back = await mirrored(lab.client, own, 5302, [4000]);
  await server.dispose();
  expect(back).toEqual({ 4000: 20 });
});
