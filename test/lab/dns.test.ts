/** dig's questions to dnsmasq, each a flow of its own, while the balancer between them is upgraded and its config changed: each is answered. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningNode } from "../../runtime/index.ts";
import type { Built } from "../../runtime/lab/index.ts";
import { type Gateway, gatewayLab, startOn } from "../node/gateway.ts";
import { askDns, DNS_ANSWER, startDns } from "./dns.ts";
import { during, type Version, version } from "./examples.ts";

const AT_ONCE = 50;
const UPGRADES = 6;

let lab: Built<Gateway>;
let running: RunningNode;
let versions: readonly Version[];
beforeAll(async () => {
  lab = await gatewayLab();
  await startDns(lab.server, "10.2.0.1", "10.2.0.2", "2001:db8:2::1");
  running = await startOn(lab);
  versions = [await version("balancer"), await version("balancer", '"no backend"', '"nobody there"')];
}, 60_000);
afterAll(async () => {
  await running?.close();
  await lab?.lab.dispose();
});

test.each([
  ["10.1.0.1", "10.1.0.1:53", ["10.2.0.1:53", "10.2.0.2:53"]],
  ["2001:db8:1::1", "[2001:db8:1::1]:53", ["[2001:db8:2::1]:53"]],
])(
  "every question to %s is answered",
  async (host, end, backends) => {
    const { node } = running;
    const config = { service: { listen: [`${end}/udp`, `${end}/tcp`] }, balancer: { backends } };
    const service = await node.add(versions[0] as Version, { config });
    try {
      const change = async (): Promise<void> => {
        for (let turn = 1; turn <= UPGRADES; turn++) {
          await node.upgrade(service.name, versions[turn % 2] as Version);
          node.services
            .get(service.name)
            ?.config.set("balancer.backends", turn % 2 === 0 ? backends : [...backends].slice(0, 1));
        }
      };
      const answers: string[] = [];
      const { turns } = await during(
        change(),
        async (turn) =>
          void answers.push(...(await askDns(lab.client, host, AT_ONCE, ...(turn % 4 === 3 ? ["+tcp"] : [])))),
        4,
      );
      console.info(`${host}: ${answers.length} answers during ${UPGRADES} upgrades`);
      expect(answers).toEqual(Array(turns * AT_ONCE).fill(DNS_ANSWER));
      const status = (await running.status()).services.find(({ name }) => name === service.name);
      expect(status?.upgrades).toBe(UPGRADES);
      expect(Object.values(status?.drops ?? {}).filter((count) => count > 0n)).toEqual([]);
    } finally {
      node.services.get(service.name)?.remove();
    }
  },
  60_000,
);
