/** Datagrams longer than a link takes go through a balancer whole, both ways, as their senders' kernels cut them. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningNode, startNode } from "../../runtime/index.ts";
import type { Built } from "../../runtime/lab/index.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";
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

/** Sends back what comes, turned round. */
const SERVER = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(65536)
    s.sendto(data[::-1], who)
`;
/** Twenty datagrams of each size, one after the other; prints how many came back right. */
const CLIENT = `
import json, os, socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(2)
right = {}
for size in map(int, sys.argv[3:]):
    right[size] = 0
    for _ in range(20):
        data = os.urandom(size)
        s.send(data)
        try: right[size] += s.recv(65536) == data[::-1]
        except TimeoutError: break
print(json.dumps(right))
`;

let lab: Built<Gateway>;
let running: RunningNode;
beforeAll(async () => {
  lab = await gatewayLab();
  running = await startNode({
    interfaces: ["front", "back"],
    namespace: lab.gateway.fullName,
    state: `${lab.lab.folder}/state`,
    flows: 1000,
  });
  expect(running.attachments.map(({ mode }) => mode)).toEqual(["native", "native"]);
  const version = await built(balancer);
  for (const { name, at, host, backend } of FAMILIES) {
    await lab.server.start("python3", ["-c", SERVER, host, "5301"], { ready: { prints: /ready/ } });
    const config = { service: { listen: [at] }, balancer: { backends: [backend] } };
    await running.node.add(version, { name, config });
  }
});
afterAll(async () => {
  await running?.close();
  await lab?.lab.dispose();
});

test.each(FAMILIES)("$name: 1400, 4000 and 30000 bytes", async ({ service }) => {
  const { stdout } = await lab.client.run("python3", ["-c", CLIENT, service, "5300", "1400", "4000", "30000"]);
  expect(JSON.parse(stdout)).toEqual({ 1400: 20, 4000: 20, 30000: 20 });
});

test.each(FAMILIES)("$name: a datagram to the gateway itself is the host's, and comes whole", async ({ service }) => {
  const own = service.includes(":") ? "2001:db8::1" : "10.0.0.1";
  const server = await lab.gateway.start("python3", ["-c", SERVER, own, "5302"], { ready: { prints: /ready/ } });
  const { stdout } = await lab.client.run("python3", ["-c", CLIENT, own, "5302", "4000"]);
  await server.dispose();
  expect(JSON.parse(stdout)).toEqual({ 4000: 20 });
});
