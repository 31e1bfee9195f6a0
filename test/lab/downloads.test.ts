/** A gigabyte over one connection of curl to nginx, in native XDP, while the service in between is changed and upgraded again and again. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open as openFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Config } from "../../runtime/config/live.ts";
import type { RunningNode } from "../../runtime/index.ts";
import { type Built, startWebServer, type WebServer } from "../../runtime/lab/index.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import { type Gateway, gatewayLab, startOn } from "../node/gateway.ts";
import { during, type Version, version } from "./examples.ts";

const SIZE = 2 ** 30;
const MARKED = 2 ** 20;
/** So that it lasts long enough for several upgrades on a fast machine too. */
const FASTEST = "256M";
const UPGRADES = 4;
/** As long as packets may be under XDP. */
const MTU = 3498;
const EXTERNAL = "203.0.113.8";

/** What came: how much, its digest, and how the server answered. */
const READER = `
import hashlib, sys
digest, size = hashlib.sha256(), 0
while some := sys.stdin.buffer.read(1 << 20):
    digest.update(some); size += len(some)
print(size, digest.hexdigest())
`;

/** A sparse file with a block of its own in every MiB, so that no two parts of it are alike. */
async function writeLarge(path: string): Promise<string> {
  const file = await openFile(path, "w");
  await file.truncate(SIZE);
  for (let at = 0; at < SIZE; at += MARKED)
    await file.write(createHash("sha512").update(String(at)).digest(), 0, 64, at);
  await file.close();
  const digest = createHash("sha256");
  for await (const some of createReadStream(path, { highWaterMark: 2 ** 20 })) digest.update(some as Buffer);
  return digest.digest("hex");
}

let lab: Built<Gateway>;
let web: WebServer;
let running: RunningNode;
let digest: string;
beforeAll(async () => {
  lab = await gatewayLab({ mtu: MTU });
  const files = join(lab.lab.folder, "files");
  await mkdir(files);
  digest = await writeLarge(join(files, "large"));
  await lab.gateway.ip(`route add blackhole ${EXTERNAL}/32`);
  web = await startWebServer(lab.lab, lab.server, { files });
  running = await startOn(lab);
}, 120_000);
afterAll(async () => {
  await running?.close();
  await lab?.lab.dispose();
});

const download = async (host: string): Promise<string> => {
  const curl = `curl -gsS --fail --limit-rate ${FASTEST} --max-time 100 http://${host}/files/large`;
  const words = ["-c", `set -o pipefail; ${curl} | /usr/bin/python3 -c "$0"`, READER];
  return (await lab.client.run("bash", words, { timeout: 120_000 })).stdout.trim();
};

const opened = (): Promise<void> =>
  vi.waitFor(() => expect([...readFlows(running.node, "both")]).not.toEqual([]), { timeout: 60_000, interval: 10 });

interface Case {
  readonly service: string;
  /** Where the client asks. */
  readonly host: string;
  /** Whom the server sees. */
  readonly seen: string;
  /** Text that the second version has otherwise. */
  readonly text: readonly [string, string];
  /** Config under which the connection stands, first that which it opens under. */
  readonly configs: readonly [Config, Config];
}

const balancing = (listen: string, ...backends: readonly string[]) => ({
  service: { listen: [listen] },
  balancer: { backends },
});
const translating = (...addresses: readonly string[]) => ({
  nat44: { inside: { "10.0.0.0/8": 1 }, external: { addresses } },
});

const CASES: readonly Case[] = [
  {
    service: "balancer",
    host: "10.1.0.1",
    seen: "10.0.0.7",
    text: ['"no backend"', '"nobody there"'],
    configs: [
      balancing("10.1.0.1:80/tcp", "10.2.0.1:80"),
      balancing("10.1.0.1:80/tcp", "10.2.0.1:80", "10.2.0.2:81", "10.2.0.2:82", "10.2.0.2:83"),
    ],
  },
  {
    service: "balancer",
    host: "[2001:db8:1::1]",
    seen: "2001:db8::7",
    text: ['"no backend"', '"nobody there"'],
    configs: [
      balancing("[2001:db8:1::1]:80/tcp", "[2001:db8:2::1]:80"),
      balancing("[2001:db8:1::1]:80/tcp", "[2001:db8:2::1]:80", "[2001:db8:2::1]:81", "[2001:db8:2::1]:82"),
    ],
  },
  {
    service: "nat44",
    host: "10.2.0.1",
    seen: EXTERNAL,
    text: ["if (!isIpv4(flow.source)) return", "if (!isIpv4(flow.destination)) return"],
    configs: [translating(EXTERNAL), translating(EXTERNAL, "203.0.113.9")],
  },
  {
    service: "nat44",
    host: "[2001:db8:2::1]",
    seen: "2001:db8::7",
    text: ["if (!isIpv4(flow.source)) return", "if (!isIpv4(flow.destination)) return"],
    configs: [translating(EXTERNAL), translating(EXTERNAL, "203.0.113.9")],
  },
];

test.each(CASES)(
  "$service, $host: complete and right",
  async ({ service, host, seen, text, configs }) => {
    const versions = [await version(service), await version(service, ...text)] as [Version, Version];
    const before = web.requests().length;
    const added = await running.node.add(versions[0], { config: configs[0] });
    try {
      const downloading = download(host);
      // It opens under the first config: by the second it may be led to where nobody listens.
      await Promise.race([downloading, opened()]);
      const { done, turns } = await during(
        downloading,
        async (turn) => {
          await running.node.upgrade(service, versions[(turn + 1) % 2] as Version);
          const [next] = Object.entries(configs[(turn + 1) % 2] as object).filter(([name]) => name === service);
          for (const [name, value] of Object.entries(next?.[1]))
            running.node.services.get(service)?.config.set(`${service}.${name}`, value as never);
        },
        UPGRADES,
      );
      console.info(`${service}, ${host}: ${turns} upgrades and as many changes of config`);
      expect(done).toBe(`${SIZE} ${digest}`);
      expect(turns).toBeGreaterThanOrEqual(UPGRADES);
      const requests = (await web.logged(before + 1)).slice(before);
      expect(requests.map(({ client, status }) => ({ client, status }))).toEqual([{ client: seen, status: 200 }]);
      // Its entries are those that it opened with: they have counted every byte.
      const large = [...readFlows(running.node, "both")].filter(({ bytes }) => bytes >= SIZE);
      expect(large.map(({ reply, client }) => ({ reply, port: client.destinationPort }))).toEqual([
        { reply: true, port: 80 },
      ]);
    } finally {
      running.node.services.get(added.name)?.remove();
    }
  },
  120_000,
);
