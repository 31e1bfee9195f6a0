/** ICMP errors reach the kernel of the client that sent the packet, as errors of its own connection. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningNode } from "../../runtime/index.ts";
import type { Built } from "../../runtime/lab/index.ts";
import { type Gateway, gatewayLab, startOn } from "./gateway.ts";
import { built } from "./sources.ts";

const balancer = readFileSync(new URL("../../examples/balancer/service.ts", import.meta.url), "utf8");
const FAMILIES = [
  { name: "IPv4", service: "10.1.0.1", at: "10.1.0.1:5300/udp", backend: "10.3.0.1:5399" },
  { name: "IPv6", service: "2001:db8:1::1", at: "[2001:db8:1::1]:5300/udp", backend: "[2001:db8:3::1]:5399" },
];
const MTU = 1300;

let lab: Built<Gateway>;
let running: RunningNode;
beforeAll(async () => {
  lab = await gatewayLab();
  // The backend stands one router further, behind a link of lower MTU.
  const backend = await lab.lab.namespace("backend");
  for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"])
    await lab.server.run("sh", ["-c", `echo 1 > /proc/sys/net/${name}`]);
  await lab.lab.connect(
    { namespace: lab.server, interface: "further", addresses: ["10.3.0.254/24", "2001:db8:3::254/64"] },
    { namespace: backend, interface: "wire", addresses: ["10.3.0.1/24", "2001:db8:3::1/64"] },
    { mtu: MTU, staticNeighbours: true },
  );
  await backend.route("default", { via: "10.3.0.254" });
  await backend.route("::/0", { via: "2001:db8:3::254" });
  await lab.gateway.route("10.3.0.0/24", { via: "10.2.0.1" });
  await lab.gateway.route("2001:db8:3::/64", { via: "2001:db8:2::1" });
  running = await startOn(lab);
  // One for each family: a backend is of the service's.
  const version = await built(balancer);
  for (const { name, at, backend } of FAMILIES) {
    const config = { service: { listen: [at] }, balancer: { backends: [backend] } };
    await running.node.add(version, { name, config });
  }
});
afterAll(async () => {
  await running?.close();
  await lab?.lab.dispose();
});

/** Sends a datagram, and prints what the kernel then tells of it (ip(7), IP_RECVERR). */
const ASK = `
import errno, json, select, socket, struct, sys
host, port, size, hops = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
six = ":" in host
level, RECVERR, HOPS, DISCOVER, MTU = (41, 25, 16, 23, 24) if six else (0, 11, 2, 10, 14)
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(level, RECVERR, 1)
s.setsockopt(level, DISCOVER, 2)
s.setsockopt(level, HOPS, hops)
s.connect((host, port))
s.send(b"x" * size)
poll = select.poll()
poll.register(s, 0)
if not poll.poll(5000):
    sys.exit("no error came")
_, ancillary, _, about = s.recvmsg(4096, 512, socket.MSG_ERRQUEUE)
error = ancillary[0][2]
number, origin = struct.unpack("=IB", error[:5])
offender = socket.inet_ntop(socket.AF_INET6, error[24:40]) if six else socket.inet_ntop(socket.AF_INET, error[20:24])
print(json.dumps({ "error": errno.errorcode[number], "origin": origin, "from": offender, "about": about[:2],
    "mtu": s.getsockopt(level, MTU) }))
`;

/** What the client's kernel tells of a datagram to the service. */
async function errorOf(service: string, { size = 5, hops = 64 } = {}): Promise<Record<string, unknown>> {
  const { stdout } = await lab.client.run("python3", ["-c", ASK, service, "5300", `${size}`, `${hops}`]);
  return JSON.parse(stdout);
}

test.each(FAMILIES)(
  "$name: a closed port behind the balancer, a router on the way, and a link of lower MTU",
  async ({ service }) => {
    const origin = service.includes(":") ? 3 : 2;
    const seen = { origin, from: service, about: [service, 5300] };
    expect(await errorOf(service)).toEqual({ ...seen, error: "ECONNREFUSED", mtu: 1500 });
    // One hop to the gateway, one to the router.
    expect(await errorOf(service, { hops: 2 })).toEqual({ ...seen, error: "EHOSTUNREACH", mtu: 1500 });
    expect(await errorOf(service, { size: 1400 })).toEqual({ ...seen, error: "EMSGSIZE", mtu: MTU });
  },
);
