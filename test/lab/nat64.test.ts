/**
 * Real IPv6-only clients behind `examples/nat64` in native XDP, and IPv4-only servers before it.
 *
 *     inside: 2001:db8:1::7, ::8  ── gateway (203.0.113.8) ──  outside: 198.51.100.80
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { compile } from "../../compiler/index.ts";
import { type RunningNode, startNode } from "../../runtime/index.ts";
import {
  type Built,
  buildLab,
  fetchMany,
  type LabProcess,
  type LinkEnd,
  type Namespace,
  startWebServer,
  type WebServer,
} from "../../runtime/lab/index.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import { fromBytes, readCapture } from "../kit/index.ts";
import { FAULTS_OF_CUT_QUOTES, startWireshark } from "../kit-tests/wireshark.ts";
import { askDns, DNS_ANSWER, startDns } from "./dns.ts";

const EXTERNAL = "203.0.113.8";
const [CLIENT, SECOND] = ["2001:db8:1::7", "2001:db8:1::8"] as const;
const SERVER = "198.51.100.80";
/** The same server, and the external address, as IPv6 hosts have them. */
const SERVER6 = "64:ff9b::c633:6450";
const EXTERNAL6 = "64:ff9b::cb00:7108";
const BODY = "x".repeat(3500);

interface Side {
  readonly namespace: Namespace;
  /** The gateway's end of its cable. */
  readonly gateway: LinkEnd;
  readonly file: string;
  readonly capture: LabProcess;
}
interface Network {
  readonly gateway: Namespace;
  readonly inside: Side;
  readonly outside: Side;
  readonly web: WebServer;
  readonly own: WebServer;
}

const build = (): Promise<Built<Network>> =>
  buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway", { forwarding: true });
    const side = async (name: "inside" | "outside", near: string, far: readonly string[]): Promise<Side> => {
      const namespace = await lab.namespace(name);
      const { ends } = await lab.connect(
        { namespace: gateway, interface: name, addresses: [near] },
        { namespace, interface: "wire", addresses: far, passXdp: true },
        { staticNeighbours: true },
      );
      const file = join(lab.folder, `${name}.pcapng`);
      const ready = { prints: /Capturing on/ };
      const capture = await namespace.start("tshark", ["-q", "-i", "wire", "-w", file], { ready });
      return { namespace, gateway: ends[0], file, capture };
    };
    const inside = await side("inside", "2001:db8:1::1/64", [`${CLIENT}/64`, `${SECOND}/64`]);
    const outside = await side("outside", "198.51.100.1/24", [`${SERVER}/24`]);
    await inside.namespace.route("default", { via: "2001:db8:1::1" });
    await outside.namespace.route("default", { via: "198.51.100.1" });
    await gateway.ip(`route add blackhole ${EXTERNAL}/32`);
    const web = await startWebServer(lab, outside.namespace, { body: BODY });
    const own = await startWebServer(lab, inside.namespace, { body: BODY, port: 8080 });
    return { gateway, inside, outside, web, own };
  });

const CONFIG = {
  nat64: {
    prefix: { address: "64:ff9b::", length: 96 },
    refused: { "10.0.0.0/8": 1 },
    external: { addresses: [EXTERNAL], forwards: { [`${EXTERNAL}:80/tcp`]: `[${SECOND}]:8080` } },
  },
};

let network: Built<Network>;
let running: RunningNode;
const open = new AsyncDisposableStack();
beforeAll(async () => {
  network = open.use(await build());
  const compiled = await compile(new URL("../../examples/nat64/service.ts", import.meta.url).pathname);
  if (!compiled.ok) throw new ZetaError(compiled.problems);
  running = await startNode({
    interfaces: ["inside", "outside"],
    namespace: network.gateway.fullName,
    state: `${network.lab.folder}/state`,
    flows: 4096,
  });
  open.defer(() => running.close());
  // It tells itself whose hop limit is up: the kernel has no route for the prefix.
  await running.node.addresses.set([{ address: "2001:db8:1::1" }, { address: "198.51.100.1" }]);
  const { manifest, code } = compiled;
  await running.node.add({ object: code.object, manifest }, { config: CONFIG });
}, 300_000);
afterAll(() => open.disposeAsync());

describe("from inside", () => {
  const from = () => network.inside.namespace;

  test("curl's connections, each with an answer longer than a segment; nginx sees the external address", async () => {
    const { succeeded, failures } = await fetchMany(from(), `http://[${SERVER6}]/`, { count: 100 });
    expect(failures).toEqual(new Map());
    expect(succeeded).toBe(100);
    expect(new Set((await network.web.logged(100)).map(({ client }) => client))).toEqual(new Set([EXTERNAL]));
  });

  test("ping, small and as long as the way takes", async () => {
    for (const size of ["0", "56", "1452"]) {
      const words = ["-n", "-c", "5", "-i", "0.01", "-W", "2", "-s", size, SERVER6];
      expect((await from().run("ping", words)).stdout).toContain(" 0% packet loss");
    }
  });

  test("dig's questions to dnsmasq", async () => {
    await using _ = await startDns(network.outside.namespace, SERVER);
    for (const way of [[], ["+tcp"]]) expect(await askDns(from(), SERVER6, 1, ...way)).toEqual([DNS_ANSWER]);
  });

  test("traceroute sees the gateway, then the server: errors come back translated", async () => {
    const { stdout } = await from().run("traceroute", ["-6", "-n", "-q", "1", "-w", "2", SERVER6]);
    const hops = stdout
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/)[1]);
    expect(hops.filter((hop) => hop !== undefined)).toEqual(["2001:db8:1::1", SERVER6]);
  });

  test("a closed port is refused at once, and so is what config refuses", async () => {
    for (const [host, port] of [
      [SERVER6, 81],
      ["64:ff9b::a00:1", 80],
    ]) {
      const { stderr } = await from().run("bash", ["-c", `exec 3<>/dev/tcp/${host}/${port}`], { accept: [1] });
      expect(stderr).toContain("Connection refused");
    }
  });

  test("another host behind it, by its external end", async () => {
    const before = network.own.requests().length;
    const { succeeded } = await fetchMany(from(), `http://[${EXTERNAL6}]/`, { count: 20, source: CLIENT });
    expect(succeeded).toBe(20);
    const seen = (await network.own.logged(before + 20)).slice(before).map(({ client }) => client);
    expect(new Set(seen)).toEqual(new Set([EXTERNAL6]));
  });

  test("iperf3 over UDP, both ways", async () => {
    for (const way of [[], ["-R"]]) {
      await network.outside.namespace.start("iperf3", ["-s", "-1", "-p", "5201"], { ready: { listening: 5201 } });
      const words = ["-c", SERVER6, "-p", "5201", "-u", "-b", "5M", "-l", "1400", "-t", "1", "--json", ...way];
      const { packets, lost_packets: lost } = JSON.parse((await from().run("iperf3", words)).stdout).end.sum;
      expect(packets).toBeGreaterThan(300);
      expect(lost).toBe(0);
    }
  });
});

test("from outside, a forward's port leads in", async () => {
  const before = network.own.requests().length;
  const { succeeded } = await fetchMany(network.outside.namespace, `http://${EXTERNAL}/`, { count: 20 });
  expect(succeeded).toBe(20);
  const seen = (await network.own.logged(before + 20)).slice(before).map(({ client }) => client);
  expect(new Set(seen)).toEqual(new Set([SERVER6]));
});

test("the server learns that the way inside is narrower", async () => {
  await network.gateway.ip("route add 2001:db8:1::7/128 dev inside mtu lock 1400");
  try {
    const { succeeded } = await fetchMany(network.inside.namespace, `http://[${SERVER6}]/`, {
      count: 5,
      source: CLIENT,
    });
    expect(succeeded).toBe(5);
    const { stdout } = await network.outside.namespace.run("ip", ["route", "get", EXTERNAL]);
    expect(stdout).toContain("mtu 1380");
  } finally {
    await network.gateway.ip("route delete 2001:db8:1::7/128 dev inside");
    await network.outside.namespace.ip("route flush cache");
  }
});

test("datagrams in fragments, both ways: the server's are smaller once it was told", async () => {
  const { inside, outside } = network;
  await using _ = await outside.namespace.start("python3", ["-c", ECHO, SERVER], { ready: { prints: /ready/ } });
  const ask = async () => (await inside.namespace.run("python3", ["-c", ASK, SERVER6])).stdout.trim();
  expect(await ask()).toBe("nothing 4000");
  expect((await outside.namespace.run("ip", ["route", "get", EXTERNAL])).stdout).toContain("mtu 1472");
  expect(await ask()).toBe("4000 4000");
  await outside.namespace.ip("route flush cache");
});

/** Sends datagrams back; or sends two of 4000 bytes, and tells how much of each comes back. */
const ECHO = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 7000))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
`;
const ASK = `
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(1)
def told():
    s.sendto(bytes(4000), (sys.argv[1], 7000))
    try: return str(len(s.recv(65536)))
    except OSError: return "nothing"
print(told(), told())
`;

test("flows are told with both their families", () => {
  const flows = [...readFlows(running.node)];
  const mapped = (text: string) =>
    (0xffffn << 32n) |
    BigInt(
      `0x${text
        .split(".")
        .map((one) => Number(one).toString(16).padStart(2, "0"))
        .join("")}`,
    );
  const external = mapped(EXTERNAL);
  expect(flows.filter(({ family, sent }) => family === 6 && sent.source === external).length).toBeGreaterThan(100);
  expect(flows.filter(({ family, client }) => family === 4 && client.destination === external).length).toBeGreaterThan(
    19,
  );
});

test("Wireshark finds nothing malformed and no wrong checksum in all that the gateway sent", async () => {
  const wireshark = await startWireshark();
  try {
    for (const { gateway, file, capture } of [network.inside, network.outside]) {
      await capture.dispose();
      const all = readCapture(await readFile(file)).packets.map(({ bytes }) => fromBytes(bytes));
      const sent = all.filter((packet) => packet.layer("ethernet").source === gateway.mac);
      expect(sent.length).toBeGreaterThan(1000);
      const isError = ({ layers }: (typeof sent)[number]) =>
        layers.filter(({ kind }) => kind === "ipv4" || kind === "ipv6").length > 1;
      expect(await wireshark.faults(sent.filter((packet) => !isError(packet)))).toEqual([]);
      expect(await wireshark.faults(sent.filter(isError), FAULTS_OF_CUT_QUOTES)).toEqual([]);
    }
  } finally {
    await wireshark.close();
  }
});

test.each([
  ["down", ["-R"]],
  ["up", []],
])(
  "iperf3 over TCP, 150 MB %s",
  async (_, way) => {
    await network.outside.namespace.start("iperf3", ["-s", "-1", "-p", "5202"], { ready: { listening: 5202 } });
    const words = ["-c", SERVER6, "-p", "5202", "-n", "150M", "--json", ...way];
    const { stdout } = await network.inside.namespace.run("iperf3", words, { timeout: 120_000 });
    const { sum_sent: sent, sum_received: received } = JSON.parse(stdout).end;
    expect(sent.bytes).toBeGreaterThanOrEqual(150 * 2 ** 20);
    // The rest is on its way when the clock is stopped.
    expect(received.bytes).toBeGreaterThan(0.9 * sent.bytes);
  },
  180_000,
);
