/** What a node that is kept was told of its networks and quotas, over a restart of its process; and no other node's. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Built, cleanRun, connectNode, listRuns, type RunningNode, startNode } from "../../runtime/index.ts";
import { lookup } from "../../runtime/loader/map-operations.ts";
import { word } from "../../runtime/loader/word.ts";
import { endpointOf } from "../overlay/underlay.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";

/** Loading takes seconds, more on a busy machine. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const OURS = "02:99:00:00:00:01";
const ENTRANCE = "10.0.0.50";

let lab: Built<Gateway>;
beforeAll(async () => {
  lab = await gatewayLab();
});
afterAll(async () => lab?.lab.dispose());

let state: string;
let rounds = 0;
let running: RunningNode | null = null;
beforeEach(() => {
  rounds += 1;
  state = join(lab.lab.folder, `kept-${rounds}`);
});
/** As `zeta detach` does. */
async function takeAway(): Promise<void> {
  await running?.close();
  running = null;
  for (const { id } of listRuns(state)) await cleanRun(id, { state, force: true });
}
afterEach(takeAway);

async function started(keep: boolean): Promise<RunningNode> {
  const options = { interfaces: ["front", "back"], namespace: lab.gateway.fullName, state, flows: 1000, keep };
  running = await startNode(options);
  return running;
}
const file = (): string => join(state, "networks.json");
const answered = async (): Promise<boolean> => {
  const words = ["-I", "wire", "-c", "1", "-w", "1", ENTRANCE];
  const { stdout } = await lab.client.run("arping", words, { accept: [1] });
  return stdout.toLowerCase().includes(`[${OURS}]`);
};
const tunnels = ({ node }: RunningNode): string =>
  Buffer.from(lookup(node.object.map("zeta_node_tunnels"), word(0)) ?? []).toString("hex");

const QUOTAS = { 7: { flows: 100 }, 0: { newFlows: { perSecond: 5, burst: 10 } } };

test("a node that starts where one was kept has its tunnels, endpoints, entrances and quotas", async () => {
  const first = await started(true);
  const front = first.attachments[0]?.interface.index ?? 0;
  await first.node.tunnels.set(["10.0.0.1"]);
  const ends = { kind: "vxlan", local: "10.0.0.1", remote: "10.0.0.7" } as const;
  await first.node.endpoints.set([endpointOf({ vni: 7, address: "10.7.0.7", interface: front, mtu: 1450 }, ends)]);
  await first.node.entrances.set([{ address: ENTRANCE, mac: OURS, interface: front }]);
  // The other way that a node is told by: parts that are left out stay.
  await connectNode({ state }).networks({ quotas: QUOTAS });
  const told = tunnels(first);
  expect(told).toMatch(/[1-9a-f]/);
  await takeAway();
  expect(await answered()).toBe(false);

  const second = await started(true);
  expect(tunnels(second)).toBe(told);
  expect(second.node.quotas.get()).toEqual(QUOTAS);
  expect(await answered()).toBe(true);
  // The endpoint has its place again: whoever would take its address as another is refused.
  expect(JSON.parse(readFileSync(file(), "utf8")).endpoints).toMatchObject([
    { address: "10.7.0.7", interface: "front" },
  ]);
  // What is taken away stays away.
  await second.node.entrances.set([]);
  await second.node.quotas.set({});
  await takeAway();
  const third = await started(true);
  expect(third.node.quotas.get()).toEqual({});
  expect(await answered()).toBe(false);
  expect(tunnels(third)).toBe(told);
});

test("a node that is not kept keeps nothing, and asks for nothing that was", async () => {
  const first = await started(false);
  await first.node.quotas.set(QUOTAS);
  expect(existsSync(file())).toBe(false);
  await takeAway();
  writeFileSync(file(), JSON.stringify({ quotas: QUOTAS }));
  expect((await started(false)).node.quotas.get()).toEqual({});
});

test.each([
  ["no JSON", "{", "it holds no JSON object"],
  [
    "an interface that has gone",
    JSON.stringify({ entrances: [{ address: ENTRANCE, mac: OURS, interface: "side" }] }),
    "entrances[0].interface",
  ],
  ["what was never told", JSON.stringify({ tunnels: ["nowhere"] }), "tunnels[0]"],
])("what cannot be told again is refused, and nothing is attached: %s", async (_, text, reason) => {
  await started(false);
  await takeAway();
  writeFileSync(file(), text);
  const refusal = await started(true).then(String, String);
  expect(refusal).toContain("ZT8117");
  expect(refusal).toContain(reason);
  expect(listRuns(state)).toEqual([]);
  const { stdout } = await lab.gateway.run("ip", ["-details", "link", "show", "dev", "front"]);
  expect(stdout).not.toContain("prog/xdp");
  expect(readFileSync(file(), "utf8")).toBe(text);
});
