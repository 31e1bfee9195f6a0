/** The chain in native XDP between a real curl and a real nginx: they get through, also during a flood of forged SYNs. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { createCompiler } from "zeta/compiler";
import {
  createLab,
  fetchMany,
  type Lab,
  missingCapabilities,
  type Namespace,
  type Service,
  type ServiceSource,
  startService,
  startWebServer,
  typedMap,
} from "zeta/runtime";
import { tcp, toHex } from "zeta/testing";

const config = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
const lacking = process.getuid?.() !== 0 ? "root" : missingCapabilities().join(", ");
const COUNT = 20_000;
const URL4 = "http://10.1.0.1/";
const URL6 = "http://[2001:db8:1::1]/";

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

let source: ServiceSource;
beforeAll(async () => {
  const built = await createCompiler().compile(fileURLToPath(new URL("./service.ts", import.meta.url)), {});
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  source = built;
});

async function network(lab: Lab) {
  const gateway = await lab.namespace("gateway", { forwarding: true });
  const client = await lab.namespace("client");
  const server = await lab.namespace("server");
  const fixed = { staticNeighbours: true };
  const front = await lab.connect(
    { namespace: gateway, interface: "front", addresses: ["10.0.0.1/24", "2001:db8::1/64"] },
    {
      namespace: client,
      interface: "wire",
      addresses: ["10.0.0.7/24", "10.0.0.8/24", "2001:db8::7/64"],
      passXdp: true,
    },
    fixed,
  );
  await lab.connect(
    { namespace: gateway, interface: "back", addresses: ["10.2.0.254/24", "2001:db8:2::254/64"] },
    {
      namespace: server,
      interface: "wire",
      addresses: ["10.2.0.1/24", "10.2.0.2/24", "2001:db8:2::1/64"],
      passXdp: true,
    },
    fixed,
  );
  for (const [namespace, four, six] of [
    [client, "10.0.0.1", "2001:db8::1"],
    [server, "10.2.0.254", "2001:db8:2::254"],
  ] as const) {
    await namespace.route("default", { via: four });
    await namespace.route("::/0", { via: six });
  }
  return { gateway, client, server, station: front.ends[0].mac };
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

function knownSources({ manifest, object }: Service): number {
  const map = manifest.maps.find(({ name }) => name === "syn_defence_known");
  const table = map === undefined ? null : typedMap(object.map(map.name), map);
  if (table?.kind !== "lruHash") throw new Error("the service has no table of sources");
  return [...table.keys()].length;
}

const connectSeconds = async (client: Namespace, url: string): Promise<number> =>
  Number((await client.run("curl", ["-gsS", "-m", "10", "-o", "/dev/null", "-w", "%{time_connect}", url])).stdout);

test.skipIf(lacking !== "")(
  `curl reaches nginx, flood or not${lacking === "" ? "" : ` (needs ${lacking})`}`,
  async () => {
    await using lab = createLab();
    const { gateway, client, server, station } = await network(lab);
    await startWebServer(lab, server, { port: 8080 });
    await using service = await startService(source, {
      interfaces: ["front", "back"],
      namespace: gateway.path,
      config: { ...config, service: { listen: ["10.1.0.1:80/tcp", "[2001:db8:1::1]:80/tcp"] } },
      state: `${lab.folder}/state`,
    });
    const counted = (name: string): bigint => service.counters()[`syn-defence.${name}`] ?? 0n;

    const [first, second] = [await connectSeconds(client, URL4), await connectSeconds(client, URL4)];
    expect([counted("challenged"), counted("passed"), service.flows()]).toEqual([1n, 1n, 2]);
    console.info(`seconds to connect: ${first} when challenged, ${second} when known`);

    let flooding = true;
    const flood = client.run("/usr/bin/python3", ["-c", SEND], { input: forged(station, COUNT) }).finally(() => {
      flooding = false;
    });
    let connections = 2;
    const fetch = async (url: string, from?: string): Promise<void> => {
      const fetched = await fetchMany(client, url, {
        count: 20,
        parallel: 5,
        ...(from === undefined ? {} : { source: from }),
      });
      expect(fetched).toMatchObject({ succeeded: 20, failures: new Map() });
      connections += 20;
    };
    try {
      while (flooding) {
        await fetch(URL4, "10.0.0.7");
        await fetch(URL4, "10.0.0.8");
        service.config.set("balancer.backends", ["[2001:db8:2::1]:8080"]);
        await fetch(URL6);
        service.config.set("balancer.backends", config.balancer.backends);
      }
    } finally {
      await flood;
    }
    console.info(`${connections} connections during ${counted("challenged")} challenges, ${service.flows()} flows`);
    // What the queue of a virtual cable loses was never seen; of what was, nothing left a flow or a source behind.
    expect(counted("challenged")).toBeGreaterThan(BigInt(COUNT / 2));
    expect(service.flows()).toBeLessThanOrEqual(connections);
    expect(knownSources(service)).toBe(3);
  },
  180_000,
);
