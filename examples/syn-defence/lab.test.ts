/**
 * The full proxy before a balancer, in native XDP between real TCPs: curl and iperf3 reach nginx through it, also during a
 * flood of forged SYNs and where packets are lost.
 *
 *     client: 10.0.0.7, 2001:db8::7  ── gateway ──  server: 10.2.0.1, 2001:db8:2::1
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCompiler } from "zeta/compiler";
import {
  type Built,
  buildLab,
  fetchMany,
  type LabProcess,
  type LinkEnd,
  missingCapabilities,
  type Namespace,
  type Service,
  startService,
  startWebServer,
  type WebServer,
} from "zeta/runtime";
import { tcp, toHex } from "zeta/testing";

const lacking = process.getuid?.() !== 0 ? "root" : missingCapabilities().join(", ");
const COUNT = 20_000;
const BODY = "y".repeat(3500);
const URLS = { IPv4: "http://10.1.0.1/", IPv6: "http://[2001:db8:1::1]/" } as const;
const BACKENDS = { IPv4: "10.2.0.1", IPv6: "[2001:db8:2::1]" } as const;
type Family = keyof typeof URLS;
const FAMILIES = ["IPv4", "IPv6"] as const;

/** Sends frames as they are, one per line in hexadecimal, out of an interface: 10 000 a second, again while its queue is full. */
const SEND = `import errno, socket, sys, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("wire", 0))
for n, line in enumerate(sys.stdin):
    if n % 100 == 99: time.sleep(0.01)
    while True:
        try:
            out.send(bytes.fromhex(line))
            break
        except OSError as error:
            if error.errno != errno.ENOBUFS: raise`;

/** A server that speaks first, to one connection: nothing but the handshake comes from its client before. */
const SPEAK = `import socket, sys
listener = socket.create_server((sys.argv[1], 8025), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
connection, _ = listener.accept()
connection.sendall(b"220 ready\\n")
connection.recv(1)`;
const LISTEN = `import socket, sys
connection = socket.create_connection((sys.argv[1], 25), timeout=5)
sys.stdout.write(connection.recv(100).decode())`;

interface Side {
  readonly namespace: Namespace;
  readonly gateway: LinkEnd;
  readonly file: string;
  readonly capture: LabProcess;
}
interface Network {
  readonly gateway: Namespace;
  readonly client: Side;
  readonly server: Side;
  readonly web: WebServer;
}

const build = (): Promise<Built<Network>> =>
  buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway", { forwarding: true });
    const side = async (name: "client" | "server", near: readonly string[], far: readonly string[]): Promise<Side> => {
      const namespace = await lab.namespace(name);
      const { ends } = await lab.connect(
        { namespace: gateway, interface: name, addresses: near },
        { namespace, interface: "wire", addresses: far, passXdp: true },
        { staticNeighbours: true },
      );
      const file = join(lab.folder, `${name}.pcapng`);
      const ready = { prints: /Capturing on/ };
      const capture = await namespace.start("tshark", ["-q", "-i", "wire", "-w", file], { ready });
      return { namespace, gateway: ends[0], file, capture };
    };
    const client = await side("client", ["10.0.0.1/24", "2001:db8::1/64"], ["10.0.0.7/24", "2001:db8::7/64"]);
    const server = await side("server", ["10.2.0.254/24", "2001:db8:2::254/64"], ["10.2.0.1/24", "2001:db8:2::1/64"]);
    await client.namespace.route("default", { via: "10.0.0.1" });
    await client.namespace.route("::/0", { via: "2001:db8::1" });
    await server.namespace.route("default", { via: "10.2.0.254" });
    await server.namespace.route("::/0", { via: "2001:db8:2::254" });
    const web = await startWebServer(lab, server.namespace, { port: 8080, body: BODY });
    return { gateway, client, server, web };
  });

let network: Built<Network>;
let service: Service;
const open = new AsyncDisposableStack();
beforeAll(async () => {
  if (lacking !== "") return;
  network = open.use(await build());
  const source = fileURLToPath(new URL("./before-balancer.ts", import.meta.url));
  const built = await createCompiler().compile(source, {});
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  const ports = [80, 25, 81, 5201];
  service = open.use(
    await startService(built, {
      interfaces: ["client", "server"],
      namespace: network.gateway.path,
      config: {
        service: { listen: ports.flatMap((port) => [`10.1.0.1:${port}/tcp`, `[2001:db8:1::1]:${port}/tcp`]) },
        "syn-proxy": { mss: 1440 },
        balancer: { backends: [] },
      },
      state: `${network.lab.folder}/state`,
    }),
  );
}, 300_000);
afterAll(() => open.disposeAsync());

const lead = (family: Family, port: number): void =>
  service.config.set("balancer.backends", [`${BACKENDS[family]}:${port}`]);
const host = (url: string): string => new URL(url).hostname.replace(/[[\]]/g, "");
const fetchAll = async (family: Family, count: number): Promise<void> => {
  expect(await fetchMany(network.client.namespace, URLS[family], { count, parallel: 5 })).toMatchObject({
    succeeded: count,
    failures: new Map(),
  });
};
const script = (text: string, address: string) => ["-c", text, address];

/** What a host's TCP has counted: recoveries by selective acknowledgements, and blocks of them that made no sense to it. */
async function selective(namespace: Namespace): Promise<{ readonly recovered: number; readonly discarded: number }> {
  const { stdout } = await namespace.run("cat", ["/proc/self/net/netstat"]);
  const [names = [], values = []] = stdout
    .split("\n")
    .filter((line) => line.startsWith("TcpExt:"))
    .map((line) => line.split(" "));
  const count = (name: string): number => Number(values[names.indexOf(name)]);
  return { recovered: count("TCPSackRecovery"), discarded: count("TCPSACKDiscard") };
}

/** SYNs from so many sources that do not exist, each from its own. */
const forged = (station: string, count: number): string =>
  Array.from({ length: count }, (_, n) => {
    const [high, low, port] = [n >> 8, n & 0xff, 1024 + (n % 60_000)];
    const client =
      n % 2 === 0
        ? tcp(`172.16.${high}.${low}:${port}`, "10.1.0.1:80")
        : tcp(`[2001:db8:ffff::${n.toString(16)}]:${port}`, "[2001:db8:1::1]:80");
    return toHex(client.syn({ destinationMac: station }).bytes);
  }).join("\n");

describe.skipIf(lacking !== "")(`a full SYN proxy${lacking === "" ? "" : ` (needs ${lacking})`}`, () => {
  describe.each(FAMILIES)("%s", (family) => {
    test("curl's connections, each with an answer longer than a segment, take no longer than their way", async () => {
      lead(family, 8080);
      await fetchAll(family, 50);
      const words = ["-gsS", "-m", "10", "-o", "/dev/null", "-w", "%{time_total}", URLS[family]];
      const times: number[] = [];
      for (let i = 0; i < 5; i++) times.push(Number((await network.client.namespace.run("curl", words)).stdout));
      // A client that had to send anything again would have waited 200 ms.
      expect(Math.min(...times)).toBeLessThan(0.15);
    });

    test("a server may speak first", async () => {
      lead(family, 8025);
      await using _ = await network.server.namespace.start(
        "/usr/bin/python3",
        script(SPEAK, host(`http://${BACKENDS[family]}`)),
        {
          ready: { listening: 8025 },
        },
      );
      const { stdout } = await network.client.namespace.run("/usr/bin/python3", script(LISTEN, host(URLS[family])));
      expect(stdout).toBe("220 ready\n");
    });

    test("a closed port is reset at once, after the handshake", async () => {
      lead(family, 8081);
      const { stderr } = await network.client.namespace.run(
        "/usr/bin/python3",
        script(LISTEN.replace("25)", "81)"), host(URLS[family])),
        {
          accept: [1],
        },
      );
      expect(stderr).toContain("ConnectionResetError");
    });

    test("iperf3, both ways; then with every fiftieth packet lost, healed by selective acknowledgements", async () => {
      lead(family, 5201);
      const measured = async (...how: string[]) => {
        await network.server.namespace.start("iperf3", ["-s", "-1"], { ready: { listening: 5201 } });
        const words = ["-c", host(URLS[family]), "-t", "1", "-b", "20M", "--json", ...how];
        const { stdout } = await network.client.namespace.run("iperf3", words);
        return JSON.parse(stdout).end;
      };
      for (const how of [[], ["-R"]]) expect((await measured(...how)).sum_received.bytes).toBeGreaterThan(1_000_000);
      const loss = `table inet loss { chain arriving { type filter hook input priority 0;
        tcp flags & (syn | fin | rst) == 0 numgen inc mod 50 == 49 drop; }; }`;
      const [client, server] = [network.client.namespace, network.server.namespace];
      for (const [sender, receiver, how] of [
        [client, server, []],
        [server, client, ["-R"]],
      ] as const) {
        const before = await selective(sender);
        await receiver.run("nft", ["-f", "-"], { input: loss });
        try {
          const { sum_received: received, sum_sent: sent } = await measured(...how);
          expect(received.bytes).toBeGreaterThan(200_000);
          expect(sent.retransmits).toBeGreaterThan(0);
          const after = await selective(sender);
          // The sender's own TCP took the blocks for its own data, and none for another's.
          expect(after.recovered).toBeGreaterThan(before.recovered);
          expect(after.discarded).toBe(before.discarded);
        } finally {
          await receiver.run("nft", ["delete", "table", "inet", "loss"]);
        }
      }
    }, 60_000);
  });

  test("20 000 forged SYNs keep nobody out, and leave nothing behind", async () => {
    const before = service.counters()["syn-proxy.challenged"] ?? 0n;
    const flows = service.flows();
    let flooding = true;
    const flood = network.client.namespace
      .run("/usr/bin/python3", ["-c", SEND], { input: forged(network.client.gateway.mac, COUNT) })
      .finally(() => {
        flooding = false;
      });
    let connections = 0;
    try {
      while (flooding) {
        for (const family of FAMILIES) {
          lead(family, 8080);
          await fetchAll(family, 20);
          connections += 20;
        }
      }
    } finally {
      await flood;
    }
    const challenged = (service.counters()["syn-proxy.challenged"] ?? 0n) - before;
    console.info(`${connections} connections during ${challenged} challenges, ${service.flows()} flows`);
    // What the queue of a virtual cable loses was never seen; of what was, nothing left a flow behind.
    expect(challenged).toBeGreaterThan(BigInt(COUNT / 2));
    expect(service.flows() - flows).toBeLessThanOrEqual(connections);
  }, 120_000);

  test("Wireshark finds nothing malformed and no bad checksum in all that the gateway sent", async () => {
    const folder = join(network.lab.folder, "wireshark");
    await mkdir(folder);
    await writeFile(join(folder, "disabled_protos"), "http\ndata\n");
    for (const { namespace, gateway, file, capture } of [network.client, network.server]) {
      await capture.dispose();
      const sent = async (filter: string): Promise<number> => {
        const checks = ["ip", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
        const words = [
          "-r",
          file,
          "-n",
          ...checks,
          "-Y",
          `eth.src == ${gateway.mac} && (${filter})`,
          "-T",
          "fields",
          "-e",
          "frame.number",
        ];
        const { stdout } = await namespace.run("tshark", words);
        return stdout.split("\n").filter((line) => /^\d/.test(line)).length;
      };
      expect(await sent("tcp")).toBeGreaterThan(10_000);
      expect(await sent("_ws.malformed or ip.checksum.status == Bad or tcp.checksum.status == Bad")).toBe(0);
      if (gateway === network.server.gateway) expect(await sent("tcp.options.sack.count > 0")).toBeGreaterThan(0);
    }
  }, 120_000);
});
