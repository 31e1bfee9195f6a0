/**
 * Real clients behind `examples/nat44` in native XDP, and the same script behind the kernel's own translator (nftables): what
 * comes of it is the same but for the ports chosen.
 *
 *     inside: 10.0.0.7, 10.0.0.8  ── gateway (203.0.113.8) ──  outside: 198.51.100.80, 198.51.100.81
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { compile } from "../../compiler/index.ts";
import { type RunningNode, startNode } from "../../runtime/index.ts";
import { type Built, buildLab, fetchMany, type Namespace, startWebServer } from "../../runtime/lab/index.ts";
import { type FlowEvent, lifecycle } from "../../runtime/service/lifecycle.ts";
import { mirror, mirrored } from "./long-datagrams.ts";

const EXTERNAL = "203.0.113.8";
const [SERVER, SECOND] = ["198.51.100.80", "198.51.100.81"] as const;

interface Network {
  readonly inside: Namespace;
  readonly gateway: Namespace;
  readonly outside: Namespace;
}

const build = (): Promise<Built<Network>> =>
  buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway", { forwarding: true });
    const inside = await lab.namespace("inside");
    const outside = await lab.namespace("outside");
    await lab.connect(
      { namespace: gateway, interface: "in", addresses: ["10.0.0.1/24"] },
      { namespace: inside, interface: "wire", addresses: ["10.0.0.7/24", "10.0.0.8/24"], passXdp: true },
      { staticNeighbours: true },
    );
    await lab.connect(
      { namespace: gateway, interface: "out", addresses: ["198.51.100.1/24"] },
      { namespace: outside, interface: "wire", addresses: [`${SERVER}/24`, `${SECOND}/24`], passXdp: true },
      { staticNeighbours: true },
    );
    await inside.route("default", { via: "10.0.0.1" });
    await outside.route("default", { via: "198.51.100.1" });
    // So that it is nobody's: without it the kernel would say so to whoever asks.
    await gateway.ip(`route add blackhole ${EXTERNAL}/32`);
    // They tell whoever speaks to them whom they see.
    for (const [namespace, host, port] of [
      [outside, SERVER, 7000],
      [outside, SECOND, 7000],
      [inside, "10.0.0.7", 8080],
    ] as const) {
      await namespace.start("python3", ["-c", TELLER, host, `${port}`], { ready: { prints: /ready/ } });
    }
    await startWebServer(lab, outside, { body: "x".repeat(3500) });
    return { inside, gateway, outside };
  });

const TELLER = `
import socket, sys, threading
at = (sys.argv[1], int(sys.argv[2]))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(at)
t = socket.socket(); t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); t.bind(at); t.listen(64)
def told(peer): return ("%s %d" % peer[:2]).encode()
def datagrams():
    while True:
        data, peer = u.recvfrom(100)
        u.sendto(told(peer), peer)
threading.Thread(target=datagrams, daemon=True).start()
print("ready", flush=True)
while True:
    c, peer = t.accept()
    c.sendall(told(peer)); c.close()
`;

/** Each line: protocol, own address and port, other's address and port. It prints whom the other saw, or "nothing". */
const SCRIPT = `
import socket, sys
for line in sys.stdin.read().split("\\n"):
    if not line: continue
    protocol, own, ownPort, other, port = line.split()
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(1)
    try:
        s.bind((own, int(ownPort)))
        s.connect((other, int(port)))
        if protocol == "udp": s.send(b"?")
        print(s.recv(100).decode())
    except OSError: print("nothing")
    s.close()
`;
const INSIDE = [
  `udp 10.0.0.7 5000 ${SERVER} 7000`,
  `udp 10.0.0.7 5000 ${SECOND} 7000`,
  `tcp 10.0.0.7 5001 ${SERVER} 7000`,
  `tcp 10.0.0.7 5002 ${SECOND} 7000`,
  // Another host with the same port to the same end.
  `udp 10.0.0.8 5000 ${SERVER} 7000`,
  `tcp 10.0.0.8 5001 ${SERVER} 7000`,
  // Nobody is there.
  `tcp 10.0.0.7 5003 ${SERVER} 7001`,
];
const OUTSIDE = [
  `tcp ${SERVER} 6000 ${EXTERNAL} 80`,
  `udp ${SECOND} 6000 ${EXTERNAL} 53`,
  `tcp ${SERVER} 6001 ${EXTERNAL} 9999`,
  `udp ${SERVER} 6002 ${EXTERNAL} 9999`,
];

interface Told {
  readonly asked: string;
  readonly address: string;
  readonly port: number;
}

async function script(from: Namespace, lines: readonly string[]): Promise<Told[]> {
  const { stdout } = await from.run("python3", ["-c", SCRIPT], { input: `${lines.join("\n")}\n` });
  return stdout
    .trim()
    .split("\n")
    .map((line, index) => {
      const [address, port] = line.split(" ");
      return { asked: lines[index] as string, address: address as string, port: Number(port ?? 0) };
    });
}

const NFT = `
table ip nat {
  chain pre { type nat hook prerouting priority -100;
    ip daddr ${EXTERNAL} tcp dport 80 dnat to 10.0.0.7:8080
    ip daddr ${EXTERNAL} udp dport 53 dnat to 10.0.0.7:8080
  }
  chain post { type nat hook postrouting priority 100; oifname "out" ip saddr 10.0.0.0/8 snat to ${EXTERNAL}; }
}
`;
const CONFIG = {
  nat44: {
    inside: { "10.0.0.0/8": 1 },
    external: {
      addresses: [EXTERNAL],
      forwards: { [`${EXTERNAL}:80/tcp`]: "10.0.0.7:8080", [`${EXTERNAL}:53/udp`]: "10.0.0.7:8080" },
    },
  },
};

let ours: Built<Network>;
let rival: Built<Network>;
let running: RunningNode;
const open = new AsyncDisposableStack();
beforeAll(async () => {
  ours = open.use(await build());
  rival = open.use(await build());
  await rival.gateway.run("nft", ["-f", "-"], { input: NFT });
  const compiled = await compile(new URL("../../examples/nat44/service.ts", import.meta.url).pathname);
  if (!compiled.ok) throw new ZetaError(compiled.problems);
  running = await startNode({
    interfaces: ["in", "out"],
    namespace: ours.gateway.fullName,
    state: `${ours.lab.folder}/state`,
    flows: 4096,
  });
  open.defer(() => running.close());
  const { manifest, code } = compiled;
  await running.node.add({ object: code.object, manifest }, { config: CONFIG });
}, 300_000);
afterAll(() => open.disposeAsync());

test("the same script has the same outcome as behind nftables, but for the ports", async () => {
  const both: Told[][] = [];
  for (const { inside, outside } of [ours, rival])
    both.push([...(await script(inside, INSIDE)), ...(await script(outside, OUTSIDE))]);
  const [mine, theirs] = both as [Told[], Told[]];
  const seen = (all: readonly Told[]) => all.map(({ asked, address }) => `${asked}: ${address}`);
  expect(seen(mine)).toEqual(seen(theirs));
  expect(mine.map(({ address }) => address)).toEqual([
    ...Array(6).fill(EXTERNAL),
    "nothing",
    SERVER,
    SECOND,
    "nothing",
    "nothing",
  ]);
  for (const all of both) {
    // Of whoever was first, the port is kept; nobody has the port of another to one end; from outside none is changed.
    expect(all.slice(0, 4).map(({ port }) => port)).toEqual([5000, 5000, 5001, 5002]);
    for (const second of [4, 5]) expect(all[second]?.port).not.toBe(5000 + second - 4);
    expect(all.slice(7, 9).map(({ port }) => port)).toEqual([6000, 6000]);
  }
}, 60_000);

describe("real clients behind it", () => {
  test("curl's connections, each with an answer longer than a segment", async () => {
    const { succeeded, failures } = await fetchMany(ours.inside, `http://${SERVER}/`, { count: 100 });
    expect(failures).toEqual(new Map());
    expect(succeeded).toBe(100);
  });

  test("ping, whose echoes have identifiers for ports", async () => {
    const { stdout } = await ours.inside.run("ping", ["-n", "-c", "10", "-i", "0.01", "-W", "2", SERVER]);
    expect(stdout).toContain(" 0% packet loss");
  });

  test("datagrams and echoes in many fragments, as behind nftables", async () => {
    for (const { inside, outside } of [ours, rival]) {
      const ping = await inside.run("ping", ["-n", "-c", "10", "-i", "0.01", "-W", "2", "-s", "3000", SERVER]);
      expect(ping.stdout).toContain(" 0% packet loss");
      await mirror(outside, SERVER, 7002);
      expect(await mirrored(inside, SERVER, 7002, [1400, 8000, 60_000])).toEqual({ 1400: 20, 8000: 20, 60000: 20 });
    }
  });

  test("iperf3 over UDP, both ways", async () => {
    for (const way of [[], ["-R"]]) {
      await ours.outside.start("iperf3", ["-s", "-1", "-p", "5201"], { ready: { listening: 5201 } });
      const words = ["-c", SERVER, "-p", "5201", "-u", "-b", "5M", "-t", "1", "--json", ...way];
      const { stdout } = await ours.inside.run("iperf3", words);
      const { packets, lost_packets: lost } = JSON.parse(stdout).end.sum;
      expect(packets).toBeGreaterThan(300);
      expect(lost).toBe(0);
    }
  });

  test("the mapping log tells who had which port when", async () => {
    const { node } = running;
    const service = node.services.get("nat44");
    if (service === undefined) return expect.unreachable("the service has gone");
    const log = lifecycle(node, service.index, "nat44");
    const logged: FlowEvent[] = [];
    // What stands is told first.
    while (!logged.some(({ flow }) => flow.source === "10.0.0.7:5000"))
      logged.push((await log.next()).value as FlowEvent);
    expect(logged.at(-1)).toMatchObject({
      event: "opened",
      again: true,
      protocol: 17,
      decided: { source: `${EXTERNAL}:5000` },
    });
    const next = log.next();
    await script(ours.inside, [`tcp 10.0.0.7 5009 ${SERVER} 7000`]);
    for (let told = (await next).value as FlowEvent; told.flow.source !== "10.0.0.7:5009"; )
      told = (await log.next()).value as FlowEvent;
    await log.return(undefined);
  });
});
