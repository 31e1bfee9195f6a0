/** `zeta node networks`: a node is told of its networks by a file, and answers for its entrances as told. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Built } from "../../runtime/index.ts";
import { type Finished, MAIN, zeta } from "../cli/command.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";

const OURS = "02:99:00:00:00:01";

let lab: Built<Gateway>;
let folder: string;
const state = (): string => join(folder, "state");
const there = () => ({ cwd: folder, env: { ZETA_STATE: state() } });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zeta-networks-"));
  lab = await gatewayLab();
  const words = ["node", "start", "--interface", "front", "--interface", "back", "--flows", "1000", "--state", state()];
  await lab.gateway.start(process.execPath, [MAIN, ...words], {
    ready: { prints: /started node on front, back/ },
    timeout: 100_000,
  });
});
afterAll(async () => {
  await lab?.lab.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function told(networks: unknown, ...words: string[]): Finished {
  writeFileSync(join(folder, "networks.json"), JSON.stringify(networks));
  return zeta(["node", "networks", "networks.json", ...words], there());
}
const answered = async (address: string): Promise<boolean> => {
  const words = ["-I", "wire", "-c", "1", "-w", "1", address];
  const { stdout } = await lab.client.run("arping", words, { accept: [1] });
  return stdout.toLowerCase().includes(`[${OURS}]`);
};

const ENTRANCES = [
  { address: "10.0.0.50", interface: "front", mac: OURS },
  { address: "10.0.0.51", interface: "back", mac: OURS },
  { address: "10.0.0.52", mac: OURS },
];
const ENDPOINT = {
  ...{ vni: 7, address: "10.7.0.7", kind: "vxlan", local: "10.0.0.1", remote: "10.0.0.7", interface: "front" },
  ...{ mac: "02:00:00:00:00:07", gatewayMac: OURS, source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" },
};

test("it is told, with interfaces by name, and does as told", async () => {
  const all = { tunnels: ["10.0.0.1"], endpoints: [ENDPOINT], entrances: ENTRANCES };
  expect(told(all).stderr).toContain("told the node of 1 tunnels, 1 endpoints, 3 entrances");
  expect(await answered("10.0.0.50")).toBe(true);
  // By another interface only.
  expect(await answered("10.0.0.51")).toBe(false);
  expect(await answered("10.0.0.52")).toBe(true);
});

test("what is left out stays; what is empty is taken away", async () => {
  expect(told({ entrances: ENTRANCES }).code).toBe(0);
  const { stdout } = told({ addresses: [{ vni: 7, address: "10.7.0.1" }] }, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    networks: { tunnels: 0, endpoints: 0, entrances: 0, addresses: 1, quotas: 0 },
  });
  expect(await answered("10.0.0.52")).toBe(true);
  expect(told({ entrances: ENTRANCES.slice(0, 1) }).code).toBe(0);
  expect(await answered("10.0.0.52")).toBe(false);
  expect(told({ entrances: [] }).code).toBe(0);
  expect(await answered("10.0.0.50")).toBe(false);
});

test("it is told of tenants' quotas, and shows them", () => {
  const quotas = { 7: { flows: 100 }, 0: { newFlows: { perSecond: 5, burst: 10 } } };
  expect(told({ quotas }).stderr).toContain("told the node of 2 quotas");
  const { stdout } = zeta(["node", "status", "--json"], there());
  const none = { flows: 0, newFlows: 0 };
  expect(JSON.parse(stdout).node.tenants).toMatchObject([
    { vni: 0, quota: quotas[0], refused: none },
    { vni: 7, quota: quotas[7], refused: none },
  ]);
  const wrong = told({ entrances: [], quotas: { 7: { flows: -1 } } });
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/ZT8202.*quotas\.7\.flows/s)]);
  expect(told({ quotas: {} }).code).toBe(0);
  expect(JSON.parse(zeta(["node", "status", "--json"], there()).stdout).node.tenants).toEqual([]);
});

const WRONG: readonly (readonly [object, string])[] = [
  [
    { endpoints: [ENDPOINT, { ...ENDPOINT, interface: "side" }] },
    "endpoints[1].interface: the node is not on an interface 'side'; it is on front, back",
  ],
  [{ entrances: [], endpoints: [{ ...ENDPOINT, remote: "2001:db8::1" }] }, "endpoints[0].remote"],
  [{ entrances: [ENTRANCES[0], ENTRANCES[0]] }, "entrances[1]: the same as [0]"],
  [{ entrances: ENTRANCES[0] as object }, "entrances:"],
  [{ entrances: [7] }, "entrances[0]"],
  [{ entrances: [], gateways: [] }, "gateways"],
];

test("what is wrong is refused whole, with its path", async () => {
  expect(told({ entrances: ENTRANCES }).code).toBe(0);
  for (const [networks, place] of WRONG) {
    const { code, stderr } = told(networks);
    expect(code).toBe(1);
    expect(stderr).toContain("ZT8201");
    expect(stderr).toContain(place);
  }
  expect(await answered("10.0.0.52")).toBe(true);
});
